"""`/readyz` fails with what it names and recovers with it; `/healthz` lives on."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from idp.app import create_app
from idp.config.operations import HealthConfig
from idp.health import CHECKS
from idp.provider import Provider
from idp.storage.key_models import KeyRecord
from idp.storage.redis_store import RedisStore
from tests import servers
from tests.services import Services

# Each request looks anew, and every check has the time that it needs.
PATIENT = HealthConfig(timeout=60, look_every=1e-9)
LOOKS = 20


def looking(provider: Provider, **changes: object) -> FlaskClient:
    """Return a client of the same provider whose readiness looks at each request."""
    config = replace(provider.config, health=replace(PATIENT, **changes))
    return create_app(provider=replace(provider, config=config)).test_client()


def failing(client: FlaskClient) -> set[str]:
    """Return what is not ready, once status, checks and liveness agree."""
    answered, live = client.get("/readyz"), client.get("/healthz")
    told = answered.get_json()
    assert (live.status_code, live.get_json()) == (200, {"status": "live"})
    assert set(told["checks"]) == set(CHECKS)
    assert answered.headers["Cache-Control"] == "no-store"
    found = {name for name, is_good in told["checks"].items() if not is_good}
    expected = (503, "not ready") if found else (200, "ready")
    assert (answered.status_code, told["status"]) == expected
    return found


@pytest.fixture
def redis_folder(tmp_path: Path) -> Iterator[Path]:
    """Run a Redis of one's own and return its folder."""
    folder = tmp_path / "redis"
    folder.mkdir()
    servers.start_redis(folder)
    yield folder
    stop(folder)


def stop(folder: Path, number: int = signal.SIGKILL) -> None:
    """Send a signal to the server of a folder; after the last one it is gone."""
    pid = int((folder / "pid").read_text())
    try:
        os.kill(pid, number)
        if number == signal.SIGKILL:
            os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def test_a_healthy_server_is_ready(client: FlaskClient) -> None:
    """Without a sign-in, in plain words."""
    assert failing(client) == set()


def test_redis_hangs_goes_and_comes_back(
    provider: Provider, redis_folder: Path
) -> None:
    """A server that hangs is not waited for; one that is back is used again."""
    with closing(RedisStore(f"unix://{redis_folder}/socket?db=0")) as store:
        beside = replace(provider, ephemeral=store)
        client, impatient = looking(beside), looking(beside, timeout=0.5)
        assert failing(client) == set()
        stop(redis_folder, signal.SIGSTOP)
        # On a busy machine another check may be late with it, never instead of it.
        seen = [{"ephemeral", "others"}]
        while seen[-1] != {"ephemeral"} and len(seen) <= LOOKS:
            seen.append(failing(impatient))
        assert seen[-1] == {"ephemeral"}
        assert all("ephemeral" in found for found in seen)
        stop(redis_folder)
        assert failing(client) == {"ephemeral"}
        servers.start_redis(redis_folder)
        assert failing(client) == set()


@contextmanager
def shut(services: Services, name: str) -> Iterator[None]:
    """Let PostgreSQL take nobody into this database, and put everybody out of it."""
    services.administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    services.administer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{name}'"
    )
    yield
    services.administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.mark.parametrize("backend", ["production"])
def test_postgresql_goes_and_comes_back(
    provider: Provider, services: Services, backend: str
) -> None:
    """Signing goes on with the keys in memory."""
    name = str(provider.database.engine.url.database)
    client = looking(provider)

    assert failing(client) == set()
    with shut(services, name):
        assert failing(client) == {"database"}
    assert failing(client) == set()


def _forget_a_migration(provider: Provider) -> Callable[[], None]:
    with provider.database.transaction() as session:
        (head,) = session.execute(sa.text("SELECT version_num FROM alembic_version"))
        session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))

    def mend() -> None:
        with provider.database.transaction() as session:
            session.execute(
                sa.text("UPDATE alembic_version SET version_num = :head"),
                {"head": head.version_num},
            )

    return mend


def _lose_the_keys(provider: Provider) -> Callable[[], None]:
    with provider.database.transaction() as session:
        found = session.execute(sa.select(KeyRecord.__table__)).mappings()
        rows = [dict(row) for row in found]
        session.execute(sa.delete(KeyRecord))

    def mend() -> None:
        with provider.database.transaction() as session:
            session.execute(sa.insert(KeyRecord), rows)

    return mend


def _plant_a_key(provider: Provider) -> Callable[[], None]:
    with provider.database.transaction() as session:
        found = session.execute(sa.select(KeyRecord.__table__)).mappings().first()
        assert found is not None
        planted = dict(found) | {"kid": "planted", "private_sealed": b"x" * 80}
        session.execute(sa.insert(KeyRecord), [planted])

    def mend() -> None:
        with provider.database.transaction() as session:
            session.execute(sa.delete(KeyRecord).where(KeyRecord.kid == "planted"))

    return mend


@pytest.mark.parametrize(
    ("lose", "lost"),
    [
        (_forget_a_migration, "database"),
        (_lose_the_keys, "keys"),
        (_plant_a_key, "keys"),
    ],
)
def test_what_is_lost_is_named(
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    lose: Callable[[Provider], Callable[[], None]],
    lost: str,
) -> None:
    """A schema that is behind, rings without keys, or a key that does not open."""
    monkeypatch.setattr(provider.rings, "_reread_after", 0.0)
    client = looking(provider)
    mend = lose(provider)

    assert failing(client) == {lost}
    mend()
    assert failing(client) == set()


def test_too_little_room_is_not_ready(app: Flask, provider: Provider) -> None:
    """An embedded store on a full disk loses sign-ins."""
    assert failing(looking(provider, free_bytes=2**62)) == {"disk"}
