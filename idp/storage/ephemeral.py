"""The interface of the ephemeral store: what expires by itself.

Two implementations, `storage.embedded` (one SQLite file, safe across the worker
processes of one machine) and `storage.redis_store` (Redis or Valkey, across machines),
are held to tests/conformance/test_ephemeral.py.

Keys are `kind:opaque` strings, so that an identifier of one kind can never be used as
another. Values are JSON objects. Times to live are seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Value = Mapping[str, Any]


class EphemeralStore(Protocol):
    """The verbs; every one is atomic under any number of parallel callers."""

    def put(
        self, key: str, value: Value, *, ttl: float, grant_id: str | None = None
    ) -> None:
        """Store (or replace) `value` for `ttl` seconds, revocable by `grant_id`.

        A key belongs to one grant all its life.
        """

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the live value, or None."""

    def get_many(self, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the live values in the order of `keys`, in one round trip."""

    def take(self, key: str) -> dict[str, Any] | None:
        """Remove and return the value: of parallel callers exactly one gets it."""

    def claim(
        self,
        key: str,
        value: Value | None = None,
        *,
        ttl: float,
        grant_id: str | None = None,
    ) -> bool:
        """Store only if absent: of parallel callers exactly one gets True."""

    def count(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add `by` to a counter and return its new value.

        The window opens with the first positive call and does not move. `by=0` reads.
        A counter never goes below zero.
        """

    def drop(self, *keys: str) -> None:
        """Remove these keys, present or not."""

    def drop_grant(self, grant_id: str) -> None:
        """Remove everything that was stored under `grant_id`."""

    def ping(self) -> None:
        """Raise if the store cannot be reached."""

    def close(self) -> None:
        """Give the connections of this process back."""
