"""Looking through the log as auditors do: newest first, a page at a time, by key.

Names of an officer and of a portal stand inside an event's chained data. PostgreSQL
finds them by indexes over the very text that was hashed, so that no column beside the
chain can hide an event from a search.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit import personal
from idp.audit.models import AuditEvent, AuditHead
from idp.audit.named import OFFICER, PORTAL
from idp.errors import NotFoundError
from keys.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands: its chain, and its number there."""

    month: str
    shard: int
    seq: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; all that is named has to fit."""

    since: datetime | None = None
    until: datetime | None = None
    type: str | None = None
    officer_id: UUID | None = None
    client_id: str | None = None
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One event without its personal values; `is_sealed` says that there are some."""

    place: Place
    at: datetime
    type: str
    account_id: UUID | None
    data: dict[str, Any]
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is: events, in chains."""

    events: int
    chains: int


def find(
    connection: Connection | Session,
    filters: Filters,
    *,
    after: tuple[datetime, Place] | None,
    limit: int,
) -> list[Found]:
    """Return the newest events that fit, or those that come `after` one of them."""
    event = AuditEvent
    query = sa.select(event.__table__).order_by(
        event.at.desc(), event.shard.desc(), event.seq.desc()
    )
    for condition in _conditions(connection, filters):
        query = query.where(condition)
    if after is not None:
        at, place = after
        is_later = sa.tuple_(event.shard, event.seq) < (place.shard, place.seq)
        query = query.where(event.at <= at, sa.or_(event.at < at, is_later))
    return [_found(row) for row in connection.execute(query.limit(limit))]


def read_one(connection: Connection | Session, place: Place) -> Found:
    """Return one event."""
    return _found(_row(connection, place))


def open_values(
    connection: Connection | Session, sealer: Sealer, place: Place
) -> dict[str, Any]:
    """Return the personal values of one event, empty if they were erased."""
    row = _row(connection, place)
    return {} if row.personal_sealed is None else personal.unseal(sealer, row)


def extent(connection: Connection | Session) -> Extent:
    """Return how many events the heads of the chains tell of."""
    total = sa.func.coalesce(sa.func.sum(AuditHead.seq), 0)
    row = connection.execute(sa.select(total, sa.func.count())).one()
    return Extent(int(row[0]), row[1])


def _conditions(
    connection: Connection | Session, filters: Filters
) -> Iterator[sa.ColumnElement[bool]]:
    event = AuditEvent
    if filters.since is not None:
        yield event.at >= filters.since
    if filters.until is not None:
        yield event.at < filters.until
    if filters.type is not None:
        yield event.type == filters.type
    if filters.account_id is not None:
        yield event.account_id == filters.account_id
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    named = {"is_postgresql": bind.dialect.name == "postgresql"}
    if filters.officer_id is not None:
        yield from OFFICER.conditions(str(filters.officer_id), **named)
    if filters.client_id is not None:
        yield from PORTAL.conditions(filters.client_id, **named)


def _row(connection: Connection | Session, place: Place) -> Any:
    query = sa.select(AuditEvent.__table__).where(
        AuditEvent.month == place.month,
        AuditEvent.shard == place.shard,
        AuditEvent.seq == place.seq,
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("no such event")
    return row


def _found(row: Any) -> Found:
    data = json.loads(row.data)
    data.pop(personal.MEMBER, None)
    return Found(
        place=Place(row.month, row.shard, row.seq),
        at=row.at,
        type=row.type,
        account_id=row.account_id,
        data=data,
        is_sealed=row.personal_sealed is not None,
    )
