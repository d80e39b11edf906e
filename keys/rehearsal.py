"""What a rotation would do, told before anything is done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from keys.ring import Clocks, Ring, RingKey
from keys.steps import standing


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The dates of a rotation that begins now, or of the one that is under way.

    `upcoming` is None if a new key would be made; `active` retires when it signs.
    """

    ring: Ring
    active: RingKey
    upcoming: RingKey | None
    published_at: datetime
    signs_at: datetime
    destroyed_at: datetime


def rehearse(
    rows: Iterable[RingKey], ring: Ring, clocks: Clocks, now: datetime
) -> Rehearsal:
    """Return what rotating `ring` at `now` would do."""
    found, clock = standing(rows, ring, clocks, now), clocks[ring.purpose]
    published, signs = now, now + timedelta(seconds=clock.publish_lead)
    if found.waiting is not None:
        published, signs = found.waiting.published_at or now, found.waiting.begins
    return Rehearsal(
        ring=ring,
        active=found.active,
        upcoming=found.waiting,
        published_at=published,
        signs_at=signs,
        destroyed_at=signs + timedelta(seconds=clock.keep_retired),
    )


def due_at(
    rows: Iterable[RingKey], ring: Ring, clocks: Clocks, now: datetime
) -> datetime | None:
    """Return when the policy publishes the next key, None if one waits or it is off.

    Then that key signs once the active one has signed for `rotate_every`.
    """
    found, clock = standing(rows, ring, clocks, now), clocks[ring.purpose]
    if found.waiting is not None or clock.rotate_every == 0:
        return None
    reign = timedelta(seconds=clock.rotate_every - clock.publish_lead)
    return found.active.begins + reign
