"""The rings as one process has read them: who signs, what verifies, what is published.

A snapshot is replaced whole, never changed. Which key signs is decided here, and a key
that portals may not have yet, because of us, is not taken while its predecessor lasts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from keys.algorithms import PublicKey, Signer
from keys.ring import Ring, RingKey, State, published, state


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """A key's objects, made once for its whole life in this process."""

    ring: Ring
    public_key: PublicKey
    public_jwk: Mapping[str, str]
    signer: Signer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The timelines, and the opened keys of those that are not destroyed.

    `unripe` says until when a portal may hold a key set of ours without a key;
    `unopened` why a key that is left out does not open.
    """

    rings: Mapping[Ring, tuple[RingKey, ...]]
    parsed: Mapping[str, ParsedKey]
    unripe: Mapping[str, datetime]
    unopened: Mapping[str, str] = field(default_factory=dict)

    def signing(self, ring: Ring, now: datetime) -> RingKey | None:
        """Return the key that signs: the active one, unless it is not ripe.

        Then its predecessor goes on while it verifies; a killed one does not, and who
        asked before the kill gets the successor all the same.
        """
        keys = self.rings[ring]
        begun = sum(key.begins <= now for key in keys)
        latest = keys[max(begun - 2, 0) : begun]
        usable = [key for key in latest if self._lives(key, now)]
        for key in reversed(usable):
            if now >= self.unripe.get(key.kid, now):
                return key
        if usable:
            return usable[-1]
        later = keys[begun:] if begun else ()
        return next((key for key in later if self._lives(key, now)), None)

    def published(self, now: datetime) -> list[RingKey]:
        """Return the keys of the key set, ring by ring."""
        return [
            key
            for ring, keys in self.rings.items()
            if ring.is_public
            for key in published(keys, now)
            if key.kid in self.parsed
        ]

    def find(self, kid: str, now: datetime) -> RingKey | None:
        """Return the key of that name if it verifies."""
        for keys in self.rings.values():
            for key in keys:
                if key.kid == kid:
                    return key if self._lives(key, now) else None
        return None

    def is_killed(self, kid: str) -> bool:
        """Say whether a compromised key once signed by that name."""
        return any(
            key.kid == kid and key.compromised_at is not None
            for keys in self.rings.values()
            for key in keys
        )

    def key_set(self, kids: tuple[str, ...]) -> dict[str, Any]:
        """Return the JWK set of these keys (RFC 7517 §5)."""
        return {"keys": [dict(self.parsed[kid].public_jwk) for kid in kids]}

    def _lives(self, key: RingKey, now: datetime) -> bool:
        # What the store has destroyed is gone for a slow clock too.
        return key.kid in self.parsed and state(key, now) is not State.GONE
