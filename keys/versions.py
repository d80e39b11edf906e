"""Versions of the two keys that seal and index columns, and the sealer that follows.

A version is published first (next), put to use once every worker must know it (active),
retired by its successor, and destroyed when nothing is sealed under it any more. An
index key is never destroyed: its successors' indexes are made of its own.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from keys.envelope import envelope
from keys.errors import KeyMaterialError, SealError, StoreUnreachableError
from keys.sealing import Ciphers, Sealer, SealingKeys

Purpose = Literal["seal", "index"]
PURPOSES: tuple[Purpose, ...] = ("seal", "index")


class VersionState(StrEnum):
    """Where a version stands; the order is that of its life."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a key, as it is stored: sealed under the key-encryption key."""

    purpose: Purpose
    number: int
    sealed: bytes = field(repr=False)
    created_at: datetime
    activated_at: datetime | None
    destroyed_at: datetime | None = None

    @property
    def name(self) -> str:
        """The name of its row among the server's secrets; a seal's context."""
        return version_name(self.purpose, self.number)


class VersionStore(Protocol):
    """Where the versions are kept; the application implements it."""

    def versions(self) -> list[Version]:
        """Return every version; raises `StoreUnreachableError`."""


def version_name(purpose: Purpose, number: int) -> str:
    """Return the name of a version's row."""
    return purpose if number == 1 else f"{purpose}.{number}"


def parse_name(name: str) -> tuple[Purpose, int] | None:
    """Return purpose and number of a version's name; None for other secrets."""
    head, _, number = name.partition(".")
    for purpose in PURPOSES:
        if head == purpose:
            return purpose, int(number or 1)
    return None


def of_purpose(versions: Iterable[Version], purpose: Purpose) -> list[Version]:
    """Return the versions of one key, the oldest first."""
    chosen = [version for version in versions if version.purpose == purpose]
    return sorted(chosen, key=lambda version: version.number)


def active_number(versions: Iterable[Version], purpose: Purpose) -> int:
    """Return which version of a key is in use, 0 when there is none."""
    used = [one.number for one in of_purpose(versions, purpose) if one.activated_at]
    return max(used, default=0)


def state_of(version: Version, active: int) -> VersionState:
    """Return where a version stands when `active` is in use."""
    if version.destroyed_at is not None:
        return VersionState.DESTROYED
    if version.activated_at is None:
        return VersionState.NEXT
    return VersionState.ACTIVE if version.number == active else VersionState.RETIRED


def open_version(version: Version, keks: Sequence[bytes]) -> bytes:
    """Return a version's 32 bytes; raises `KeyMaterialError` without its KEK."""
    for kek in keks:
        try:
            sealer = envelope(kek, "server secrets")
            return sealer.open(version.sealed, context=version.name)
        except SealError:
            continue
    raise KeyMaterialError(
        f"{version.name} was sealed under another key-encryption key"
    )


class StoredSealer(Sealer):
    """A sealer that reads the versions again, so that it knows a new one in time.

    It reads every `reread_after` seconds, when it is used, and at once when it meets a
    version that it does not know, though not more often than once a second.
    """

    def __init__(
        self, store: VersionStore, keks: Sequence[bytes], *, reread_after: float = 2
    ) -> None:
        self._store = store
        self._keks = keks
        self._reread_after = reread_after
        self._lock = threading.Lock()
        self._opened: dict[str, bytes] = {}
        self._read_at = 0.0
        self._read()

    def _current(self) -> Ciphers:
        self._reread(self._reread_after)
        return self._ciphers

    def _renewed(self) -> Ciphers:
        self._reread(min(1.0, self._reread_after))
        return self._ciphers

    def _reread(self, after: float) -> None:
        if time.monotonic() - self._read_at < after or not self._lock.acquire(
            blocking=False
        ):
            return
        try:
            self._read()
        except StoreUnreachableError:
            self._read_at = time.monotonic()  # whoever cannot read cannot write either
        finally:
            self._lock.release()

    def _read(self) -> None:
        versions = self._store.versions()
        self._read_at = time.monotonic()
        self._opened = {
            version.name: self._opened.get(version.name)
            or open_version(version, self._keks)
            for version in versions
            if version.destroyed_at is None
        }
        if any(not of_purpose(versions, purpose) for purpose in PURPOSES):
            raise KeyMaterialError("no server secret seal, index: run `idp keys init`")
        keys = SealingKeys(
            {
                version.number: self._opened[version.name]
                for version in of_purpose(versions, "seal")
                if version.destroyed_at is None
            },
            [self._opened[one.name] for one in of_purpose(versions, "index")],
            sealing=active_number(versions, "seal"),
            indexing=active_number(versions, "index"),
        )
        self._set(keys)
