"""The life of a signing key: next → active → retired → gone, by the clock alone.

A ring holds the keys of one algorithm. A row says when its key was published and when
it begins to sign; it retires when its successor begins. So nothing has to run at the
moment of a change, every worker reaches the same answer from the same rows, and there
are never two active keys: `timeline` makes the spans follow one another.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Literal, Protocol

RINGS = ("ES256", "RS256")


class State(StrEnum):
    """Where a key stands; the order is that of its life."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class RingKey:
    """One signing key: `kid` is its RFC 7638 thumbprint, `ring` its algorithm.

    In a stored row `retired_at` and `destroyed_at` are set once recorded; in a
    `timeline` they are also filled in as they will be.
    """

    kid: str
    ring: str
    public_jwk: Mapping[str, str]
    private_sealed: bytes | None = field(repr=False)
    published_at: datetime
    activates_at: datetime
    retired_at: datetime | None = None
    destroyed_at: datetime | None = None

    @property
    def alg(self) -> str:
        """The one algorithm that the key is used with (RFC 8725 §3.1)."""
        return self.ring


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A recorded step in a key's life, for the audit log."""

    kind: Literal["published", "activated", "retired", "destroyed"]
    kid: str
    ring: str
    at: datetime


class RingTransaction(Protocol):
    """Writing rows while no other process can; commits when its block ends well."""

    def rows(self) -> list[RingKey]:
        """Return every stored key."""

    def add(self, key: RingKey) -> None:
        """Insert a key."""

    def replace(self, key: RingKey) -> None:
        """Update the clock and the private part of a stored key."""

    def note(self, change: KeyChange) -> None:
        """Record `change` in the audit log, in the same transaction."""

    def secrets(self) -> dict[str, bytes]:
        """Return the sealed server secrets by name."""

    def add_secret(self, name: str, sealed: bytes, *, now: datetime) -> None:
        """Insert a sealed server secret."""


class RingStore(Protocol):
    """Where the rows are kept; the application implements it."""

    def rows(self) -> list[RingKey]:
        """Return every stored key; raises `StoreUnreachableError`."""

    def secrets(self) -> dict[str, bytes]:
        """Return the sealed server secrets by name."""

    def locked(self) -> AbstractContextManager[RingTransaction]:
        """Open the transaction that excludes every other one of this kind."""


def timeline(
    rows: Iterable[RingKey], ring: str, *, keep_retired: int
) -> tuple[RingKey, ...]:
    """Return the keys of `ring` in the order of their signing, with their ends filled.

    `keep_retired` is how many seconds a retired key still verifies.
    """
    keys = sorted(
        (row for row in rows if row.ring == ring),
        key=lambda row: (row.activates_at, row.kid),
    )
    ended = [
        replace(key, retired_at=min(key.retired_at or after, after))
        for key, after in (
            (key, successor.activates_at) for key, successor in pairwise(keys)
        )
    ]
    return tuple(_with_destruction(key, keep_retired) for key in ended + keys[-1:])


def _with_destruction(key: RingKey, keep_retired: int) -> RingKey:
    if key.retired_at is None or key.destroyed_at is not None:
        return key
    return replace(key, destroyed_at=key.retired_at + timedelta(seconds=keep_retired))


def state(key: RingKey, now: datetime) -> State:
    """Return where a key of a timeline stands at `now`."""
    if key.destroyed_at is not None and now >= key.destroyed_at:
        return State.GONE
    if key.retired_at is not None and now >= key.retired_at:
        return State.RETIRED
    return State.ACTIVE if now >= key.activates_at else State.NEXT


def signing_key(keys: Sequence[RingKey], now: datetime) -> RingKey | None:
    """Return the one active key of a timeline."""
    return next((key for key in keys if state(key, now) is State.ACTIVE), None)


def next_key(keys: Sequence[RingKey], now: datetime) -> RingKey | None:
    """Return the key of a timeline that is published and waits to sign."""
    return next((key for key in keys if state(key, now) is State.NEXT), None)


def published(keys: Sequence[RingKey], now: datetime) -> tuple[RingKey, ...]:
    """Return the keys that verify, in the order active, next, retired."""
    order = (State.ACTIVE, State.NEXT, State.RETIRED)
    living = [key for key in keys if state(key, now) is not State.GONE]
    return tuple(sorted(living, key=lambda key: order.index(state(key, now))))
