"""Fresh stores for one test: a copy of a database that was prepared once a run.

"embedded" is SQLite with the embedded ephemeral store, "production" is PostgreSQL with
Redis. A template is `empty` (migrated only) or `loaded` (keys and the sandbox too).
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis

from idp import clock
from idp.audit.key_changes import initialise_keys
from idp.config import Config, parse_config
from idp.storage import migration
from idp.storage.database import Database
from keys.kek import create_kek, read_kek
from tests.services import Services

# Hashing is made cheap: its cost is measured elsewhere, not waited for in each test.
_CHEAP_PASSWORDS = {"memory_kib": 256, "iterations": 1, "concurrent": 8, "waiting": 64}


@contextmanager
def fresh_database(
    services: Services, *, backend: str, template: str, folder: Path
) -> Iterator[str]:
    """Yield the URL of a database of one's own; PostgreSQL's is dropped afterwards."""
    _prepare(services, backend=backend, template=template)
    name = f"{template}_{uuid4().hex}"
    if backend == "embedded":
        shutil.copy(_file(services, template), folder / f"{name}.db")
        yield f"sqlite:///{folder / name}.db"
        return
    services.administer(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield services.postgresql_url(name)
    services.administer(f"DROP DATABASE {name} WITH (FORCE)")


def fresh_ephemeral(services: Services, *, backend: str, folder: Path) -> str:
    """Return the URL of an empty ephemeral store of one's own."""
    if backend == "embedded":
        return f"embedded:{folder / 'ephemeral.db'}"
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    url = services.redis_url(int(worker.removeprefix("gw")))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def configuration(
    services: Services, *, database: str, ephemeral: str, **sections: Any
) -> Config:
    """Return a sandbox's configuration on these stores."""
    read = _read(services, **sections) if sections else _read_once(services)
    return replace(
        read,
        database=replace(read.database, url=database),
        ephemeral=replace(read.ephemeral, url=ephemeral),
    )


def _read(services: Services, **sections: Any) -> Config:
    table: dict[str, Any] = {
        "keys": {"kek_file": str(_kek(services))},
        "sandbox": {"enabled": True},
        "staff": {"two_persons": False},
        "mail": {"gateway": "sandbox"},
        "carrier": {"check": "sandbox"},
        "face": {"match": "sandbox"},
        "organisations": {"source": "sandbox"},
        "card_database": {"match": "sandbox"},
        "outbound": {"allowed_networks": ["127.0.0.0/8", "::1/128"]},
        "password": _CHEAP_PASSWORDS,
        "server": {"threads": 128},
        "log": {"level": "DEBUG"},
    }
    for name, section in sections.items():
        is_table = isinstance(section, dict)
        table[name] = {**table.get(name, {}), **section} if is_table else section
    return parse_config(table, base=services.folder)


_read_once = cache(_read)  # most tests change nothing


def _prepare(services: Services, *, backend: str, template: str) -> None:
    if template == "template0":  # PostgreSQL's own, without any table
        return
    with services.once(f"{template}-{backend}") as is_first:
        if not is_first:
            return
        if backend == "embedded":
            url = f"sqlite:///{_file(services, template)}"
        else:
            services.administer(f"DROP DATABASE IF EXISTS {template}")
            services.administer(f"CREATE DATABASE {template}")
            url = services.postgresql_url(template)
        with closing(Database(url)) as database:
            migration.upgrade(database)
        if template == "loaded":
            _load(services, url)


def _load(services: Services, url: str) -> None:
    from idp.provider import build_provider
    from idp.sandbox import loader

    now = clock.now()
    with services.once("kek") as is_first:
        if is_first:
            create_kek(_kek(services))
    with closing(Database(url)) as database:
        initialise_keys(database, read_kek(_kek(services)), now=now)
    ephemeral = f"embedded:{services.folder / 'loading.db'}"
    provider = build_provider(
        configuration(services, database=url, ephemeral=ephemeral)
    )
    loader.load(provider, now)
    provider.database.close()
    provider.ephemeral.close()


def _file(services: Services, template: str) -> Path:
    return services.folder / f"{template}.db"


def _kek(services: Services) -> Path:
    return services.folder / "kek"
