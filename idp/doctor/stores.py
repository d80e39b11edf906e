"""What the stores tell: versions, clocks, room; how old things are is in `ages`."""

import ctypes
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime

import sqlalchemy as sa

from idp import clock, health
from idp.approvals import break_glass
from idp.doctor import ages
from idp.doctor.finding import Finding, error, good, note, warning
from idp.provider import Provider
from idp.storage import migration
from idp.storage.redis_store import RedisStore

_APART, _FAR_APART = 1.0, 5.0  # seconds; proofs of clients live for 60
_POSTGRESQL, _REDIS = 150_000, (6, 2)
_POSTGRESQL_TELLS = sa.text(
    "SELECT current_setting('server_version_num') AS version, "
    "extract(epoch FROM clock_timestamp()) AS time"
)
_FULL = 0.8  # of its memory
_ROOM = 4  # times what readiness needs
_NOT_IN_STEP = 5  # TIME_ERROR of adjtimex(2)
_RUN = {
    "database": "idp db upgrade; then look at PostgreSQL itself",
    "ephemeral": "look at Redis: is it there, and is memory left",
    "keys": "idp keys status; idp keys init where a ring has no key",
    "disk": "free some room where the embedded stores live",
}


def examine(provider: Provider) -> Iterator[Finding]:
    """Yield what is wrong behind the server."""
    for check in health.look(provider):
        if check.is_good:
            yield good(
                check.name, f"{check.name}: works, in {check.seconds * 1000:.0f} ms"
            )
        else:
            yield error(
                f"{check.name}-fails",
                f"{check.name}: {check.detail}",
                "The server is not ready, and nobody signs in.",
                _RUN[check.name],
            )
            if check.name == "database":
                return  # nothing else can be asked
    yield from _database(provider)
    if isinstance(provider.ephemeral, RedisStore):
        yield from of_redis(provider.ephemeral.facts(), clock.now())
    yield from of_step(_adjtimex())
    yield from _room(provider)
    yield from ages.examine(provider, clock.now())
    yield from _restored(provider)


def _database(provider: Provider) -> Iterator[Finding]:
    with provider.database.read() as connection:
        at = migration.current(connection)
        if connection.dialect.name == "postgresql":
            told = connection.execute(_POSTGRESQL_TELLS).one()
            yield from of_postgresql(int(told.version), float(told.time), clock.now())
    if at == migration.head():
        yield good("schema", f"At {at}, as this release has it")
    else:
        yield note(
            "schema-ahead",
            f"The schema is at {at}, ahead of this release",
            "An upgrade is under way, or this machine was left behind.",
            "upgrade this machine too",
        )


def of_postgresql(version: int, time: float, now: datetime) -> Iterator[Finding]:
    """Yield what PostgreSQL's version number and clock tell."""
    if version < _POSTGRESQL:
        yield error(
            "old-postgresql",
            f"PostgreSQL {version // 10_000}",
            "Only 15 and newer are tested here.",
            "upgrade PostgreSQL",
        )
    yield from compare_clocks("PostgreSQL", time, now)


def of_redis(facts: Mapping[str, str], now: datetime) -> Iterator[Finding]:
    """Yield what Redis tells of its version, memory, disk and clock."""
    version = facts.get("redis_version", "0")
    if tuple(int(part) for part in version.split(".")[:2]) < _REDIS:
        yield error(
            "old-redis",
            f"Redis {version}",
            "Commands of 6.2 are used.",
            "upgrade Redis",
        )
    policy = facts.get("maxmemory_policy", "")
    if policy != "noeviction":
        yield error(
            "eviction",
            f"Redis may forget: maxmemory-policy is {policy}",
            "A forgotten counter or jti is protection that is gone.",
            "CONFIG SET maxmemory-policy noeviction, and in its file",
        )
    most, used = int(facts.get("maxmemory", 0)), int(facts.get("used_memory", 0))
    if most and used > _FULL * most:
        yield warning(
            "redis-full",
            f"Redis uses {used / most:.0%} of its memory",
            "When it is full nobody can begin to sign in.",
            "raise maxmemory",
        )
    if facts.get("aof_enabled") == "1":
        yield note(
            "redis-keeps",
            "Redis writes to disk",
            "Nothing in it need outlive a restart; disks make it slower.",
            "appendonly no",
        )
    yield from compare_clocks("Redis", float(facts["time"]), now)


def compare_clocks(name: str, told: float, now: datetime) -> Iterator[Finding]:
    """Yield how far another machine's clock is from ours."""
    apart = abs(told - now.timestamp())
    if apart < _APART:
        yield good("clock", f"{name}'s clock is ours, within {_APART:g} s")
        return
    say = error if apart > _FAR_APART else warning
    yield say(
        "clocks-apart",
        f"{name}'s clock is {apart:.1f} s from ours",
        "Codes and proofs of clients are refused, or live longer than they may.",
        "timedatectl set-ntp true, on every machine",
    )


def of_step(answer: int) -> Iterator[Finding]:
    """Yield whether the kernel's clock is kept in step, by what adjtimex(2) answers."""
    if answer == _NOT_IN_STEP:
        yield warning(
            "no-ntp",
            "Nothing keeps this machine's clock in step",
            "It drifts, until codes and tokens are refused.",
            "timedatectl set-ntp true",
        )


def _adjtimex() -> int:
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))


def _room(provider: Provider) -> Iterator[Finding]:
    enough = _ROOM * provider.config.health.free_bytes
    for file in health.embedded_files(provider):
        free = shutil.disk_usage(file.parent).free
        if free < enough:
            yield warning(
                "little-room",
                f"{free / 2**20:,.0f} MiB are free beside {file.name}",
                "When it is full nothing can be written, and nobody signs in.",
                "free some room, or move the store",
            )


def _restored(provider: Provider) -> Iterator[Finding]:
    with provider.database.read() as connection:
        moments = break_glass.restored_from(connection)
    for moment in moments:
        yield warning(
            "restored",
            f"Restored from the archive of {moment}, and not acknowledged by two",
            "A signing key that was killed after that lives again.",
            "idp keys kill KID for each; then two officers acknowledge /staff/alarms",
        )
