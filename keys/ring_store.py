"""Where the rows of the rings are kept: protocols that the application implements."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from keys.ring import Ring, RingKey

Admission = Literal["generated", "imported"]


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A recorded step in a key's life, for the audit log."""

    kind: Literal[
        "generated",
        "imported",
        "published",
        "activated",
        "retired",
        "destroyed",
        "killed",
    ]
    kid: str
    ring: Ring
    at: datetime
    reason: str = ""


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
