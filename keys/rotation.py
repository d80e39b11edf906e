"""Moving the rings on: a first key, the next key, and what the clock has ended.

Keys are generated before the lock is taken and everything is checked again inside it,
because another worker may have won meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from keys.errors import KeyMaterialError
from keys.ring import (
    RINGS,
    KeyChange,
    RingKey,
    RingStore,
    RingTransaction,
    State,
    next_key,
    signing_key,
    state,
    timeline,
)
from keys.signing_keys import new_signing_key

Outcome = Literal["published", "waiting", "replaced"]

_INSTANT = timedelta(microseconds=1)  # the resolution of the stored clock


@dataclass(frozen=True, slots=True)
class Rotation:
    """What `rotate` did, which keys sign now and next, and what it recorded."""

    outcome: Outcome
    active: RingKey
    upcoming: RingKey | None
    ended: tuple[KeyChange, ...]


@dataclass(frozen=True, slots=True)
class Rotator:
    """Moves the rings of one store on; its clocks are seconds.

    A key is published for `publish_lead` before it signs, and verifies for
    `keep_retired` after its last signature.
    """

    store: RingStore
    kek: bytes = field(repr=False)
    publish_lead: int
    keep_retired: int

    def rotate(
        self, ring: str, *, now: datetime, immediately: bool = False
    ) -> Rotation:
        """Publish the next key of `ring`, unless one already waits.

        `immediately`, for an emergency, makes the waiting or a new key sign now, before
        portals have had the time to fetch it; the old key still verifies.
        """
        fresh = None
        if next_key(self._timeline(self.store.rows(), ring), now) is None:
            fresh = self._new_key(ring, now)
        with self.store.locked() as transaction:
            keys = self._timeline(transaction.rows(), ring)
            active, waiting = signing_key(keys, now), next_key(keys, now)
            if active is None:
                raise KeyMaterialError(f"ring {ring} has no key: run `idp keys init`")
            # Keys follow one another strictly, even two emergencies in one instant.
            at_once = max(now, active.activates_at + _INSTANT)
            if waiting is None:
                # What waited a moment ago may have begun to sign.
                waiting = fresh or self._new_key(ring, now)
                transaction.add(waiting)
                transaction.note(KeyChange("published", waiting.kid, ring, now))
                outcome: Outcome = "published"
            else:
                outcome = "waiting"
            if immediately:
                transaction.replace(replace(waiting, activates_at=at_once))
                now, outcome = at_once, "replaced"
            ended = self._settle(transaction, now)
            keys = self._timeline(transaction.rows(), ring)
        active = signing_key(keys, now) or active
        return Rotation(outcome, active, next_key(keys, now), tuple(ended))

    def destroy_retired(self, ring: str, *, now: datetime) -> list[KeyChange]:
        """Destroy the keys of `ring` that sign no more, as after a theft.

        What they signed is refused from now on; a process that serves reads the rings
        anew every 15 seconds.
        """
        changes: list[KeyChange] = []
        with self.store.locked() as transaction:
            for key in self._timeline(transaction.rows(), ring):
                if state(key, now) is State.RETIRED:
                    gone = replace(key, private_sealed=None, destroyed_at=now)
                    transaction.replace(gone)
                    changes.append(KeyChange("destroyed", key.kid, ring, now))
            for change in changes:
                transaction.note(change)
        return changes

    def settle(self, *, now: datetime) -> list[KeyChange]:
        """Record what the clock has ended and destroy the private keys that are gone.

        Only tidies: which keys sign and verify follows from the clock alone.
        """
        with self.store.locked() as transaction:
            return self._settle(transaction, now)

    def _settle(self, transaction: RingTransaction, now: datetime) -> list[KeyChange]:
        rows = {row.kid: row for row in transaction.rows()}
        changes: list[KeyChange] = []
        for ring in RINGS:
            for key, successor in pairwise(self._timeline(rows.values(), ring)):
                row, now_in = rows[key.kid], state(key, now)
                if row.retired_at is None and now_in in {State.RETIRED, State.GONE}:
                    row = replace(row, retired_at=key.retired_at)
                    changes.append(KeyChange("retired", key.kid, ring, now))
                    changes.append(KeyChange("activated", successor.kid, ring, now))
                if row.destroyed_at is None and now_in is State.GONE:
                    row = replace(row, private_sealed=None, destroyed_at=now)
                    changes.append(KeyChange("destroyed", key.kid, ring, now))
                if row is not rows[key.kid]:
                    transaction.replace(row)
        for change in changes:
            transaction.note(change)
        return changes

    def _new_key(self, ring: str, now: datetime) -> RingKey:
        lead = timedelta(seconds=self.publish_lead)
        return new_signing_key(ring, self.kek, published_at=now, lead=lead)

    def _timeline(self, rows: Iterable[RingKey], ring: str) -> tuple[RingKey, ...]:
        return timeline(rows, ring, keep_retired=self.keep_retired)


def create_first(store: RingStore, kek: bytes, *, now: datetime) -> list[RingKey]:
    """Give every ring without a key its first one, which signs at once."""
    with store.locked() as transaction:
        present = {row.ring for row in transaction.rows()}
        created = [
            new_signing_key(ring, kek, published_at=now, lead=timedelta())
            for ring in RINGS
            if ring not in present
        ]
        for key in created:
            transaction.add(key)
            transaction.note(KeyChange("published", key.kid, key.ring, now))
            transaction.note(KeyChange("activated", key.kid, key.ring, now))
    return created
