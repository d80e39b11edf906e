"""Which chains the next head tells: what the newest head said counts, no table's word.

Whoever can write to the database can make `audit_signed_chains` say that a chain was
signed. So every head carries all chains of the month in which the head before it was
signed and of all later ones, whatever that table says; only for older months, which
grow no more, it says what moved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp import clock
from idp.audit.chain import SHARDS
from idp.audit.head import MOST_CHAINS, End, Place, SignedHead, unproven
from idp.audit.models import AuditHead, SignedChain, SignedHeadRow
from keys.errors import InvalidTokenError

_HEADS: Any = AuditHead.__table__
_CHAINS: Any = SignedChain.__table__
_ROWS: Any = SignedHeadRow.__table__
_WITH_SIGNED = _HEADS.outerjoin(
    _CHAINS,
    sa.and_(_HEADS.c.month == _CHAINS.c.month, _HEADS.c.shard == _CHAINS.c.shard),
)
_MOVED = sa.or_(
    _HEADS.c.seq.is_distinct_from(_CHAINS.c.seq),
    _HEADS.c.hash.is_distinct_from(_CHAINS.c.hash),
)
_CARRIED = 3 * SHARDS  # beside them stays room for what else moved
_TURN = timedelta(hours=1)  # into a month: what began in the former one is written


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest head as its own words are; `chains` is empty if they are spoilt."""

    number: int
    at: datetime
    jws: str
    chains: Mapping[Place, End]


@dataclass(frozen=True, slots=True)
class Due:
    """The ends that the next head tells, and how many events are new in them."""

    chains: Mapping[Place, End]
    uncovered: int
    is_news: bool


def newest(connection: Connection) -> Newest | None:
    """Return the newest head; its moment is the signed one, if it can be read."""
    query = sa.select(_ROWS).order_by(_ROWS.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    told = _read(row.jws)
    at = clock.from_timestamp(told.at) if told else row.at
    return Newest(row.number, at, row.jws, told.chains if told else {})


def due(
    connection: Connection, before: Newest | None, now: datetime | None = None
) -> Due:
    """Return what a head after `before` tells, and at `now` should a clock go back."""
    since = min(before.at, now or before.at) if before else None
    carried = _carried(connection, since) if since else {}
    moved, uncovered = _moved(connection, carried, MOST_CHAINS - len(carried))
    told = before.chains if before else {}
    news = {place: end for place, end in carried.items() if told.get(place) != end}
    for place, end in news.items():
        uncovered += max(0, end.seq - (told[place].seq if place in told else 0))
    return Due(carried | moved, uncovered, bool(news or moved))


def _read(jws: str) -> SignedHead | None:
    try:
        return unproven(jws)
    except InvalidTokenError:
        return None


def _carried(connection: Connection, since: datetime) -> dict[Place, End]:
    """Return the chains of that month and later, the oldest first."""
    query = (
        sa.select(_HEADS)
        .where(
            _HEADS.c.month >= f"{since - _TURN:%Y-%m}",
            _HEADS.c.shard.between(0, SHARDS - 1),
        )
        .order_by(_HEADS.c.month, _HEADS.c.shard)
        .limit(_CARRIED)
    )
    return _ends(connection, query)


def _moved(
    connection: Connection, carried: Mapping[Place, End], most: int
) -> tuple[dict[Place, End], int]:
    """Return which other chains moved since they were signed, and by how much."""
    others = sa.and_(
        _MOVED,
        sa.tuple_(_HEADS.c.month, _HEADS.c.shard).not_in(sorted(carried)),
    )
    query = (
        sa.select(_HEADS)
        .select_from(_WITH_SIGNED)
        .where(others, _CHAINS.c.purged_by.is_(None))
        .order_by(_HEADS.c.month, _HEADS.c.shard)
        .limit(most)
    )
    since = _HEADS.c.seq - sa.func.coalesce(_CHAINS.c.seq, 0)
    total = sa.select(sa.func.sum(since)).select_from(_WITH_SIGNED).where(others)
    return _ends(connection, query), int(connection.scalar(total) or 0)


def _ends(connection: Connection, query: sa.Select[Any]) -> dict[Place, End]:
    return {
        Place(row.month, row.shard): End(row.seq, row.hash)
        for row in connection.execute(query)
    }
