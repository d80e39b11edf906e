"""Whether a process can do its work: what readiness, `idp doctor` and officers ask.

Every check does for real what a sign-in will need, within a bounded time. A check says
in one line what is wrong; of an error that it did not expect it tells the class alone.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from idp import clock, metrics
from idp.provider import Provider
from idp.storage import migration
from keys.errors import KeysError
from keys.ring import RINGS

_PROBE_TTL = 30.0
_PROBE = {"is": "there"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one check; `detail` is for operators, never for the public."""

    name: str
    is_good: bool
    detail: str
    seconds: float


class UnhealthyError(Exception):
    """A check found something wrong, and says what."""


def database(provider: Provider, now: datetime) -> None:
    """Reach the database, as the schema of this release, and not a mere replica."""
    del now
    with provider.database.read() as connection:
        if missing := migration.missing_from(connection):
            raise UnhealthyError(f"not migrated: {', '.join(missing)}")
        if connection.dialect.name == "postgresql" and connection.scalar(
            sa.select(sa.func.pg_is_in_recovery())
        ):
            raise UnhealthyError("a replica, which takes no writes")


def ephemeral(provider: Provider, now: datetime) -> None:
    """Write to the ephemeral store and read it back: a full one still answers."""
    del now
    key = f"health:{uuid4()}"
    provider.ephemeral.put(key, _PROBE, ttl=_PROBE_TTL)
    if provider.ephemeral.take(key) != _PROBE:
        raise UnhealthyError("does not keep what is written")


def keys(provider: Provider, now: datetime) -> None:
    """Sign with each ring, by an opened key, and see that no other fails to open."""
    unopened = provider.rings.unopened(now)
    metrics.KEYS_UNOPENED.set(len(unopened))
    for ring in RINGS:
        signed = provider.rings.sign(
            {}, purpose=ring.purpose, alg=ring.alg, typ="health+jwt", now=now
        )
        provider.rings.verify(
            signed, purposes=(ring.purpose,), typ="health+jwt", now=now
        )
    if unopened:
        names = ", ".join(kid[:8] for kid in unopened)
        raise UnhealthyError(f"keys that do not open: {names}")


def disk(provider: Provider, now: datetime) -> None:
    """See room, and files that can be written, where the embedded stores live."""
    del now
    for file in embedded_files(provider):
        if not os.access(file.parent, os.W_OK) or not os.access(file, os.W_OK):
            raise UnhealthyError(f"{file.name} cannot be written")
        free = shutil.disk_usage(file.parent).free
        if free < provider.config.health.free_bytes:
            raise UnhealthyError(f"{free:,} bytes are free")


def embedded_files(provider: Provider) -> tuple[Path, ...]:
    """Return the files of the stores that live on this machine's disk."""
    config = provider.config
    named = (
        config.database.url.partition("sqlite:///")[2],
        config.ephemeral.url.partition("embedded:")[2],
    )
    return tuple(Path(name) for name in named if name)


CHECKS: Mapping[str, Callable[[Provider, datetime], None]] = {
    "database": database,
    "ephemeral": ephemeral,
    "keys": keys,
    "disk": disk,
}


def look(provider: Provider) -> tuple[Finding, ...]:
    """Return what comes of every check, each within `health.timeout`."""
    return Watch(provider).look()


class Watch:
    """Looks at most every so often, and never twice at a check that hangs."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._config = provider.config.health
        self._turn = threading.Lock()
        self._running: dict[str, threading.Thread] = {}
        self._found: dict[str, Finding] = {}
        self._last: tuple[Finding, ...] = ()
        self._looked_at = 0.0

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found lately; while one thread looks, others do not wait."""
        is_old = time.monotonic() - self._looked_at >= self._config.look_every
        if is_old and self._turn.acquire(blocking=not self._last):
            try:
                self._last = self.look()
                self._looked_at = time.monotonic()
            finally:
                self._turn.release()
        return self._last

    def look(self) -> tuple[Finding, ...]:
        """Run every check beside the others and return what each found in time."""
        for name in CHECKS:
            before = self._running.get(name)
            if before is None or not before.is_alive():
                self._found.pop(name, None)
                thread = threading.Thread(target=self._run, args=(name,), daemon=True)
                self._running[name] = thread
                thread.start()
        until = time.monotonic() + self._config.timeout
        for thread in self._running.values():
            thread.join(max(0.0, until - time.monotonic()))
        late = f"no answer within {self._config.timeout:g} s"
        return tuple(
            self._found.get(name)
            or Finding(name, is_good=False, detail=late, seconds=self._config.timeout)
            for name in CHECKS
        )

    def _run(self, name: str) -> None:
        began, detail = time.monotonic(), ""
        try:
            CHECKS[name](self._provider, clock.now())
        except (UnhealthyError, KeysError) as error:
            detail = str(error)
        except Exception as error:  # noqa: BLE001 - told by its class: it may hold a URL
            detail = type(error).__name__
        seconds = time.monotonic() - began
        self._found[name] = Finding(
            name, is_good=not detail, detail=detail, seconds=seconds
        )
