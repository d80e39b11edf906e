"""The departures board: for each ring who signs, who leaves next and when."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from keys.rehearsal import due_at
from keys.ring import RINGS, Clocks, Ring, RingKey, State, state, timeline
from keys.steps import standing

Status = Literal["on time", "boarding", "open", "overdue"]


@dataclass(frozen=True, slots=True)
class Departure:
    """One ring's line: `active` leaves at `departs_at`, when its successor signs.

    `boarding` waits with the next key published; `on time` and `overdue` by the policy
    that publishes one at `boards_at`; `open` has neither.
    """

    ring: Ring
    status: Status
    active: RingKey
    waiting: RingKey | None
    boards_at: datetime | None
    departs_at: datetime | None
    others: tuple[RingKey, ...]
    warnings: tuple[str, ...]


def board(
    rows: Iterable[RingKey], clocks: Clocks, now: datetime, *, jwks_max_age: int
) -> Iterator[Departure]:
    """Yield each ring's line; raises `KeyMaterialError` for one that never began."""
    rows = list(rows)
    for ring in RINGS:
        clock = clocks[ring.purpose]
        found = standing(rows, ring, clocks, now)
        boards_at = due_at(rows, ring, clocks, now)
        lead = timedelta(seconds=clock.publish_lead)
        departs_at = boards_at and max(now, boards_at) + lead
        if found.waiting is not None:
            boards_at, departs_at = found.waiting.published_at, found.waiting.begins
        status = _status(found.waiting, boards_at, now)
        keys = timeline(rows, ring, keep_retired=clock.keep_retired)
        places = {key.kid: key for key in keys}
        mine = [places.get(row.kid, row) for row in rows if row.ring == ring]
        yield Departure(
            ring=ring,
            status=status,
            active=found.active,
            waiting=found.waiting,
            boards_at=boards_at,
            departs_at=departs_at,
            others=tuple(
                sorted(
                    (key for key in mine if key.kid != found.active.kid),
                    key=lambda key: (key.generated_at, key.kid),
                )
            ),
            warnings=tuple(_warnings(status, mine, now, jwks_max_age)),
        )


def _status(
    waiting: RingKey | None, boards_at: datetime | None, now: datetime
) -> Status:
    if waiting is not None:
        return "boarding"
    if boards_at is None:
        return "open"
    return "on time" if now < boards_at else "overdue"


def _warnings(
    status: Status, keys: Iterable[RingKey], now: datetime, jwks_max_age: int
) -> Iterator[str]:
    if status == "overdue":
        yield "the next key should be published by now: is a server running?"
    if status == "open":
        yield "no next key and no policy: run `idp keys rotate`"
    for key in keys:
        is_gone = state(key, now) is State.GONE
        if key.compromised_at is not None:
            until = key.compromised_at + timedelta(seconds=jwks_max_age)
            if now < until:
                yield (
                    f"{key.kid} was killed, and portals may believe it until "
                    f"{until:%Y-%m-%d %H:%M:%S} UTC"
                )
        elif is_gone and key.private_sealed is not None:
            yield f"{key.kid} is gone, but its private part is not destroyed yet"
