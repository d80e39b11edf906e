"""Moving the rings on: a first key, the next key, a killed key, what the clock ended.

Keys are generated before the lock is taken and everything is checked again inside it,
because another worker may have won meanwhile. A change is one transaction: a process
that dies in its middle leaves what was before.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Literal

from keys.rehearsal import Rehearsal, due_at, rehearse
from keys.ring import RINGS, Clocks, Ring, RingKey
from keys.ring_store import Admission, KeyChange, RingStore
from keys.signing_keys import Opener
from keys.steps import Steps, ended, standing


@dataclass(frozen=True, slots=True)
class Rotation:
    """Which keys of a ring sign now and next, and what was recorded."""

    active: RingKey
    upcoming: RingKey | None
    changes: tuple[KeyChange, ...]

    @property
    def outcome(self) -> Literal["published", "waiting", "killed"]:
        """What became of it."""
        kinds = {change.kind for change in self.changes}
        if "killed" in kinds:
            return "killed"
        return "published" if "published" in kinds else "waiting"


@dataclass(frozen=True, slots=True)
class Rotator:
    """Moves the rings of one store on; wrong orders are refused, whoever asks."""

    store: RingStore
    opener: Opener
    clocks: Clocks

    def rotate(self, ring: Ring, *, now: datetime) -> Rotation:
        """Publish a new key as the next one of `ring`, unless one already waits.

        A key that was generated beforehand is published by its name alone: one person
        may have brought it in.
        """
        with self._spare(ring, now) as fresh, self._steps(now) as steps:
            if steps.standing(ring).waiting is None:
                # What waited a moment ago may have begun to sign.
                steps.publish(fresh or self._generate(ring, now))
            return _rotation(steps, ring, steps.now)

    def admit(
        self,
        keys: Iterable[RingKey],
        *,
        now: datetime,
        how: Admission,
        record: str = "",
    ) -> None:
        """Take in keys that were made beforehand: they sign once they are published.

        `record` is the digest of what tells how they were made.
        """
        with self._steps(now) as steps:
            for key in keys:
                steps.admit(key, how, record)

    def publish(self, kid: str, *, now: datetime) -> Rotation:
        """Publish a generated key as the next one of its ring."""
        with self._steps(now) as steps:
            key = steps.find(kid)
            steps.publish(key)
            return _rotation(steps, key.ring, steps.now)

    def kill(self, kid: str, *, now: datetime, reason: str) -> Rotation:
        """Destroy a compromised key, whatever its state; its successor signs at once.

        Nothing that it signed verifies from now on. The successor is the waiting key,
        else a new one: portals may not know it yet.
        """
        ring = next((row.ring for row in self.store.rows() if row.kid == kid), None)
        with self._spare(ring, now) as fresh, self._steps(now) as steps:
            key = steps.find(kid)
            successor = steps.standing(key.ring).waiting or fresh
            successor = successor or self._generate(key.ring, now)
            at = steps.kill(key, successor, reason)
            return _rotation(steps, key.ring, at)

    def rehearse(self, ring: Ring, *, now: datetime) -> Rehearsal:
        """Return what `rotate` would do now."""
        return rehearse(self.store.rows(), ring, self.clocks, now)

    def rotate_due(self, *, now: datetime) -> list[Rotation]:
        """Publish a new key of each ring whose policy wants it."""
        rows = self.store.rows()
        due = [
            ring
            for ring in RINGS
            if (at := due_at(rows, ring, self.clocks, now)) and now >= at
        ]
        return [self.rotate(ring, now=now) for ring in due]

    def settle(self, *, now: datetime) -> list[KeyChange]:
        """Record what the clock has ended and destroy the private keys that are gone.

        Only tidies: which keys sign and verify follows from the clock alone.
        """
        rows = {row.kid: row for row in self.store.rows()}
        self._erase_again(rows.values())
        if not ended(rows, self.clocks, now)[1]:
            return []
        with self._steps(now) as steps:
            return steps.changes

    def _erase_again(self, rows: Collection[RingKey]) -> None:
        """Erase what a crash or a token left of destroyed keys; a handle says it may.

        A row loses its handle only here, once nothing is left.
        """
        alive = {row.handle for row in rows if not row.destroyed_at}
        dead = [row for row in rows if row.destroyed_at and row.handle not in alive]
        gone = [row.kid for row in dead if row.handle and self.opener.erase(row)]
        if not gone:
            return
        with self.store.locked() as transaction:
            for row in transaction.rows():
                if row.kid in gone:
                    transaction.replace(replace(row, handle=None))

    @contextmanager
    def _steps(self, now: datetime) -> Iterator[Steps]:
        """Take steps inside the lock; erase what they destroyed once it is written."""
        asked = monotonic()
        with self.store.locked() as transaction:
            # Nothing is published in the past: it would sign before portals have it.
            waited = timedelta(seconds=round(monotonic() - asked))
            steps = Steps(transaction, self.clocks, now + waited)
            yield steps
        for key in steps.gone:
            self.opener.erase(key)

    @contextmanager
    def _spare(self, ring: Ring | None, now: datetime) -> Iterator[RingKey | None]:
        """Yield a new key if it will be needed: making an RSA key takes its time.

        Who loses the race for the lock leaves none behind in a token.
        """
        fresh = None
        if ring is not None:
            found = standing(self.store.rows(), ring, self.clocks, now)
            fresh = self._generate(ring, now) if found.waiting is None else None
        try:
            yield fresh
        finally:
            if fresh and all(row.kid != fresh.kid for row in self.store.rows()):
                self.opener.erase(fresh)

    def _generate(self, ring: Ring, now: datetime) -> RingKey:
        return self.opener.generate(ring, now=now)


def _rotation(steps: Steps, ring: Ring, at: datetime) -> Rotation:
    found = steps.standing(ring, at=at)
    return Rotation(found.active, found.waiting, tuple(steps.changes))


def create_first(store: RingStore, opener: Opener, *, now: datetime) -> list[RingKey]:
    """Give every ring without a key its first one, which signs at once."""
    with store.locked() as transaction:
        present = {row.ring for row in transaction.rows() if row.activates_at}
        created = [
            replace(opener.generate(ring, now=now), published_at=now, activates_at=now)
            for ring in RINGS
            if ring not in present
        ]
        for key in created:
            transaction.add(key)
            transaction.note(KeyChange("published", key.kid, key.ring, now))
            transaction.note(KeyChange("activated", key.kid, key.ring, now))
    return created
