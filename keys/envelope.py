"""Seals under the key-encryption key, the one secret from outside the database.

Private signing keys and the server's secrets are sealed under subkeys of it, one a
purpose; `kek` tells where it comes from. While it is exchanged, the former one opens
what is not sealed anew yet.
"""

from collections.abc import Sequence
from typing import Self

from keys.errors import SealError
from keys.sealing import Sealer, derive_key


class Kek(bytes):
    """A key-encryption key, and those before it that something may be sealed under."""

    former: tuple[bytes, ...]

    def __new__(cls, key: bytes, former: Sequence[bytes] = ()) -> Self:
        """Return the key that seals, with its predecessors, which only open."""
        kek = super().__new__(cls, key)
        kek.former = tuple(former)
        return kek


class Envelope(Sealer):
    """The sealer of one purpose under the key-encryption key."""

    def __init__(self, kek: bytes, purpose: str) -> None:
        seal_key = derive_key(kek, f"kek seal {purpose}")
        super().__init__({1: seal_key}, derive_key(kek, f"kek index {purpose}"))
        former = kek.former if isinstance(kek, Kek) else ()
        self._former = [Envelope(bytes(key), purpose) for key in former]

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Return what was sealed under this key, or one before it."""
        try:
            return super().open(sealed, context=context)
        except SealError:
            for one in self._former:
                try:
                    return one.open(sealed, context=context)
                except SealError:
                    continue
            raise

    def renewed(self, sealed: bytes, *, contexts: Sequence[str]) -> bytes | None:
        """Return the value sealed anew, None if it is under this very key."""
        for context in contexts:
            try:
                super().open(sealed, context=context)
            except SealError:
                continue
            return None
        for context in contexts:
            try:
                plain = self.open(sealed, context=context)
            except SealError:
                continue
            return self.seal(plain, context=context)
        raise SealError


def envelope(kek: bytes, purpose: str) -> Envelope:
    """Return the sealer of one purpose under the key-encryption key."""
    return Envelope(kek, purpose)
