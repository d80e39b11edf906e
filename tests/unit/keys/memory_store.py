"""A ring store in memory, so that the lifecycle is tried without a database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from keys.errors import StoreUnreachableError
from keys.ring import RINGS, Clock, RingKey
from keys.ring_store import KeyChange
from keys.rotation import Rotator, create_first
from keys.signing_keys import SoftwareOpener

KEK = bytes(range(32))
OPENER = SoftwareOpener(KEK)
LEAD, KEEP = 900, 900
CLOCKS = {ring.purpose: Clock(LEAD, KEEP) for ring in RINGS}
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return the moment so many seconds after the tests' start."""
    return START + timedelta(seconds=seconds)


class MemoryRingStore:
    """Its own transaction too; what is written stays even if a block fails."""

    def __init__(self) -> None:
        self.stored: dict[str, RingKey] = {}
        self.sealed: dict[str, bytes] = {}
        self.noted: list[KeyChange] = []
        self.reads = 0
        self.is_reachable = True
        self._lock = threading.Lock()

    def rows(self) -> list[RingKey]:
        self.reads += 1
        if not self.is_reachable:
            raise StoreUnreachableError("unplugged")
        return list(self.stored.values())

    @contextmanager
    def locked(self) -> Iterator["MemoryRingStore"]:
        with self._lock:
            yield self

    def add(self, key: RingKey) -> None:
        assert key.kid not in self.stored
        self.stored[key.kid] = key

    def replace(self, key: RingKey) -> None:
        assert key.kid in self.stored
        self.stored[key.kid] = key

    def note(self, change: KeyChange) -> None:
        self.noted.append(change)

    def secrets(self) -> dict[str, bytes]:
        return dict(self.sealed)

    def add_secret(self, name: str, sealed: bytes, *, now: datetime) -> None:
        assert now.tzinfo is not None
        self.sealed[name] = sealed


def rotator_of(store: MemoryRingStore) -> Rotator:
    """Return the rotator of a store."""
    return Rotator(store, OPENER, CLOCKS)


def begun() -> MemoryRingStore:
    """Return a store with every first key, the same ones each time: RSA is slow."""
    store, first = MemoryRingStore(), _first_keys()
    store.stored, store.noted = dict(first.stored), list(first.noted)
    return store


@cache
def _first_keys() -> MemoryRingStore:
    store = MemoryRingStore()
    create_first(store, OPENER, now=START)
    return store
