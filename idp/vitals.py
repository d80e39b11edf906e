"""How the service is, for officers who look after it: what readiness finds, and more.

Partners are met by opening a connection and no more, so that looking asks nobody about
anybody; the registry is told by how its last questions went.
"""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from urllib.parse import urlsplit

import sqlalchemy as sa

from idp import health
from idp.approvals import break_glass
from idp.authentication.logout_outbox import LOGOUTS
from idp.config import Config
from idp.provider import Provider
from idp.registry.resilience import ResilientRegistry
from idp.signals.delivery import SIGNALS
from idp.storage import migration
from keys.ring import RINGS, State, state, timeline

_APART = 1.0  # seconds between two machines' clocks that change nothing
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Vital:
    """One thing that was looked at: `of` which, `since` when, what is told of it."""

    name: str
    value: str
    is_good: bool = True
    of: str = ""
    since: datetime | None = None


def look(provider: Provider, *, now: datetime) -> Iterator[Vital]:
    """Yield everything that can be told; without a database no more than that."""
    yield Vital("version", version("dinhdanh-idp"))
    is_there = True
    for found in health.look(provider):
        told = found.detail or f"{found.seconds * 1000:.0f} ms"
        yield Vital("ready", told, found.is_good, found.name)
        is_there &= found.is_good or found.name != "database"
    if is_there:
        yield from _database(provider, now)
        yield from _keys(provider, now)
        yield from _outboxes(provider)
    yield _registry(provider, now)
    yield from _partners(provider.config)


def _database(provider: Provider, now: datetime) -> Iterator[Vital]:
    with provider.database.read() as connection:
        dialect = connection.dialect.name
        at = migration.current(connection)
        text = (
            "SELECT sqlite_version()" if dialect == "sqlite" else "SHOW server_version"
        )
        yield Vital("database", f"{dialect} {connection.scalar(sa.text(text))}")
        yield Vital("schema", f"{at}", at == migration.head())
        if dialect == "postgresql":
            clock = sa.text("SELECT extract(epoch FROM clock_timestamp())")
            apart = float(connection.scalar(clock)) - now.timestamp()
            yield Vital("clock", f"{apart:+.2f} s", abs(apart) < _APART)
        for moment in break_glass.restored_from(connection):
            yield Vital("restored", moment, is_good=False)


def _keys(provider: Provider, now: datetime) -> Iterator[Vital]:
    rows, clocks = provider.rotator.store.rows(), provider.rotator.clocks
    for ring in RINGS:
        keep = clocks[ring.purpose].keep_retired
        keys = timeline(rows, ring, keep_retired=keep)
        active = next((key for key in keys if state(key, now) is State.ACTIVE), None)
        if active is None:
            yield Vital("key", "", is_good=False, of=ring.name)
        else:
            yield Vital("key", "", of=ring.name, since=active.begins)


def _outboxes(provider: Provider) -> Iterator[Vital]:
    with provider.database.read() as connection:
        for kind in (LOGOUTS, SIGNALS):
            waiting = sa.select(sa.func.count()).where(kind.table.due_at.is_not(None))
            yield Vital("outbox", str(connection.scalar(waiting)), of=kind.name)


def _registry(provider: Provider, now: datetime) -> Vital:
    registry, source = provider.registry, provider.config.registry.source
    rests = isinstance(registry, ResilientRegistry) and registry.rests(now)
    return Vital("registry", source, not rests)


def _partners(config: Config) -> Iterator[Vital]:
    named = {
        "sms": (config.sms.gateway, config.sms.url),
        "mail": (config.mail.gateway, f"smtp://{config.mail.host}:{config.mail.port}"),
        "carrier": (config.carrier.check, config.carrier.url),
        "face": (config.face.match, config.face.url),
        "card_database": (config.card_database.match, config.card_database.url),
        "organisations": (config.organisations.source, config.organisations.url),
    }
    with ThreadPoolExecutor(len(named)) as pool:
        met = {
            name: pool.submit(_answers, url, config.health.timeout)
            for name, (kind, url) in named.items()
            if kind in ("http", "smtp")
        }
    for name, (kind, _) in named.items():
        yield Vital("partner", kind, name not in met or met[name].result(), name)


def _answers(url: str, timeout: float) -> bool:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0))
    try:
        with socket.create_connection(address, timeout):
            return True
    except OSError:
        return False
