"""The steps of a key's life as they are written, each noted for the audit log.

Steps are taken inside the lock of the store, from the rows as they are there: what may
not follow is refused here, whoever asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from keys.errors import KeyMaterialError, KeyOrderError
from keys.ring import (
    RINGS,
    Clocks,
    Ring,
    RingKey,
    State,
    next_key,
    signing_key,
    state,
    timeline,
)
from keys.ring_store import Admission, KeyChange, RingTransaction

_INSTANT = timedelta(microseconds=1)  # the resolution of the stored clock


@dataclass(frozen=True, slots=True)
class Standing:
    """A ring at one moment: who signs and who waits."""

    active: RingKey
    waiting: RingKey | None


def standing(
    rows: Iterable[RingKey], ring: Ring, clocks: Clocks, now: datetime
) -> Standing:
    """Return how a ring stands; raises `KeyMaterialError` if it never began."""
    keys = timeline(rows, ring, keep_retired=clocks[ring.purpose].keep_retired)
    active = signing_key(keys, now)
    if active is None:
        raise KeyMaterialError(f"ring {ring.name} has no key: run `idp keys init`")
    return Standing(active, next_key(keys, now))


def ended(
    rows: Mapping[str, RingKey], clocks: Clocks, now: datetime
) -> tuple[list[RingKey], list[KeyChange]]:
    """Return the rows that the clock has changed by now, and what is to be noted."""
    changed: list[RingKey] = []
    changes: list[KeyChange] = []
    for ring in RINGS:
        keep = clocks[ring.purpose].keep_retired
        keys = timeline(rows.values(), ring, keep_retired=keep)
        for key, successor in pairwise(keys):
            row, now_in = rows[key.kid], state(key, now)
            if row.retired_at is None and now_in in {State.RETIRED, State.GONE}:
                row = replace(row, retired_at=key.retired_at)
                changes.append(KeyChange("retired", key.kid, ring, now))
                changes.append(KeyChange("activated", successor.kid, ring, now))
            if row.destroyed_at is None and now_in is State.GONE:
                row = replace(row, private_sealed=None, destroyed_at=now)
                changes.append(KeyChange("destroyed", key.kid, ring, now))
            if row is not rows[key.kid]:
                changed.append(row)
    return changed, changes


@dataclass(slots=True)
class Steps:
    """One transaction's steps at `now`; the clock's own come first."""

    transaction: RingTransaction
    clocks: Clocks
    now: datetime
    changes: list[KeyChange] = field(default_factory=list)
    gone: list[RingKey] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows = {row.kid: row for row in self.transaction.rows()}
        changed, changes = ended(rows, self.clocks, self.now)
        for row in changed:
            self.transaction.replace(row)
        self.gone += [rows[c.kid] for c in changes if c.kind == "destroyed"]
        self._note(*changes)

    def find(self, kid: str) -> RingKey:
        """Return the row of `kid`."""
        for row in self.transaction.rows():
            if row.kid == kid:
                return row
        raise KeyOrderError(f"no signing key is called {kid}")

    def standing(self, ring: Ring, *, at: datetime | None = None) -> Standing:
        """Return how the ring stands."""
        rows = self.transaction.rows()
        return standing(rows, ring, self.clocks, at or self.now)

    def admit(self, key: RingKey, how: Admission, record: str) -> None:
        """Take in a key that nobody has seen; one that was here never comes again."""
        if any(row.kid == key.kid for row in self.transaction.rows()):
            raise KeyOrderError(f"{key.kid} is or was one of our keys")
        self._write(key)
        self._note(KeyChange(how, key.kid, key.ring, self.now, record))

    def publish(self, key: RingKey) -> None:
        """Let a generated key be seen, and sign once the lead is over."""
        if state(key, self.now) is not State.GENERATED:
            raise KeyOrderError(f"{key.kid} was published before")
        if self.standing(key.ring).waiting is not None:
            raise KeyOrderError(f"another key of {key.ring.name} waits to sign")
        lead = timedelta(seconds=self.clocks[key.ring.purpose].publish_lead)
        self._write(replace(key, published_at=self.now, activates_at=self.now + lead))
        self._note(KeyChange("published", key.kid, key.ring, self.now))

    def kill(self, key: RingKey, successor: RingKey, reason: str) -> datetime:
        """Destroy `key` and return when; if it signed, `successor` does from then."""
        if key.destroyed_at is not None:
            raise KeyOrderError(f"{key.kid} was destroyed before")
        at, signed = self.now, key.kid == self.standing(key.ring).active.kid
        if signed:
            # Keys follow one another strictly, even two in one instant.
            at = max(at, key.begins + _INSTANT)
            key = replace(key, retired_at=at)
        dead = replace(key, private_sealed=None, destroyed_at=at, compromised_at=at)
        self.transaction.replace(dead)
        self.gone.append(key)
        self._note(KeyChange("killed", key.kid, key.ring, at, reason))
        if signed:
            self._begin(successor, at)
        return at

    def _begin(self, key: RingKey, at: datetime) -> None:
        if key.published_at is None:
            self._note(KeyChange("published", key.kid, key.ring, at))
        self._write(replace(key, published_at=key.published_at or at, activates_at=at))
        self._note(KeyChange("activated", key.kid, key.ring, at))

    def _write(self, key: RingKey) -> None:
        is_stored = any(row.kid == key.kid for row in self.transaction.rows())
        (self.transaction.replace if is_stored else self.transaction.add)(key)

    def _note(self, *changes: KeyChange) -> None:
        for change in changes:
            self.transaction.note(change)
        self.changes.extend(changes)
