"""Killed keys as they are looked at: what was refused, who is told, who took it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.custody_events import KeyWarningTaken
from idp.audit.event import Event
from idp.custody.models import IncidentPortal, KeyIncident, KeyRefusal
from idp.errors import NotFoundError

_NEWEST = sa.select(KeyIncident.__table__).order_by(
    KeyIncident.killed_at.desc(), KeyIncident.id
)


def find(connection: Connection | Session, incident_id: UUID) -> Any:
    """Return an incident's row, or raise `NotFoundError`."""
    query = _NEWEST.where(KeyIncident.id == incident_id)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError("no such incident")
    return found


def newest(
    connection: Connection | Session, *, limit: int, offset: int = 0
) -> list[Any]:
    """Return incidents, newest first."""
    return list(connection.execute(_NEWEST.offset(offset).limit(limit)).all())


def cached_until(incident: Any) -> datetime:
    """Return when the last cache of the old key set has ended, as we allow them."""
    until: datetime = incident.killed_at + timedelta(seconds=incident.jwks_max_age)
    return until


def portals(connection: Connection | Session, incident_id: UUID) -> dict[str, Any]:
    """Return what each portal was told, by client."""
    table = IncidentPortal.__table__
    query = sa.select(table).where(table.c.incident_id == incident_id)
    return {row.client_id: row for row in connection.execute(query)}


def refusals(connection: Connection | Session, kid: str) -> list[Any]:
    """Return how many tokens that name the key were refused, by their type."""
    table = KeyRefusal.__table__
    query = sa.select(table).where(table.c.kid == kid).order_by(table.c.typ)
    return list(connection.execute(query).all())


def record(session: Session, event: Event, *, now: datetime) -> None:
    """Listen to the audit log: note that a portal took the word about a key."""
    if isinstance(event, KeyWarningTaken):
        session.execute(
            sa.update(IncidentPortal)
            .where(IncidentPortal.notice_id == event.notice_id)
            .values(taken_at=now)
        )
