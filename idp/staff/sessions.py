"""Officers' sessions: apart from citizens', short, and ended with the account.

Roles are read anew on each request, so that a role that is taken away is gone at once.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.staff_events import StaffProven, StaffSessionEnded, StaffSessionStarted
from idp.config.staff import StaffConfig
from idp.staff.models import StaffAccount, StaffRole, StaffSession, StaffUnit
from idp.staff.officer import Officer, Unit, index_of, open_name
from keys.sealing import Sealer

_TOUCH_AFTER = timedelta(seconds=30)


def start(
    session: Session,
    audit: AuditLog,
    *,
    staff_id: UUID,
    passkey_id: UUID,
    now: datetime,
) -> str:
    """Start a session and return the cookie's value; a digest of it is kept."""
    token, session_id = secrets.token_urlsafe(32), uuid4()
    session.add(
        StaffSession(
            id=session_id,
            token_digest=_digest(token),
            staff_id=staff_id,
            started_at=now,
            last_seen_at=now,
            proven_at=now,
        )
    )
    event = StaffSessionStarted(staff_id, session_id, passkey_id)
    audit.record(session, event, now=now)
    return token


def find(
    connection: Connection,
    sealer: Sealer,
    token: str | None,
    *,
    config: StaffConfig,
    now: datetime,
) -> tuple[Officer, datetime] | None:
    """Return the officer of a live session, and when the session was last seen."""
    if not token:
        return None
    query = (
        sa.select(
            StaffSession.id.label("session_id"),
            StaffSession.last_seen_at,
            StaffSession.proven_at,
            StaffAccount.id.label("staff_id"),
            StaffAccount.name_sealed,
            StaffAccount.number_sealed,
            *StaffUnit.__table__.columns,
        )
        .join(StaffAccount, StaffAccount.id == StaffSession.staff_id)
        .join(StaffUnit, StaffUnit.id == StaffAccount.unit_id)
        .where(
            StaffSession.token_digest == _digest(token),
            StaffSession.ended_at.is_(None),
            StaffSession.last_seen_at > now - timedelta(seconds=config.session_idle),
            StaffSession.started_at > now - timedelta(seconds=config.session_max),
            StaffAccount.state == "active",
        )
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return _officer(connection, sealer, row), row.last_seen_at


def touch(
    session: Session, officer: Officer, last_seen_at: datetime, *, now: datetime
) -> None:
    """Note that the session is in use; the newest sight wins."""
    session.execute(
        sa.update(StaffSession)
        .where(
            StaffSession.id == officer.session_id,
            StaffSession.last_seen_at == last_seen_at,
        )
        .values(last_seen_at=now)
    )


def needs_touch(last_seen_at: datetime, *, now: datetime) -> bool:
    """Say whether the last sight is old enough to be written again."""
    return now - last_seen_at >= _TOUCH_AFTER


def prove(
    session: Session,
    audit: AuditLog,
    officer: Officer,
    passkey_id: UUID,
    *,
    now: datetime,
) -> None:
    """Note that the officer proved a passkey again."""
    session.execute(
        sa.update(StaffSession)
        .where(StaffSession.id == officer.session_id)
        .values(proven_at=now, last_seen_at=now)
    )
    event = StaffProven(officer.id, officer.session_id, passkey_id)
    audit.record(session, event, now=now)


def end_all(
    session: Session, audit: AuditLog, staff_id: UUID, *, reason: str, now: datetime
) -> None:
    """End every session of an officer."""
    _end(session, audit, StaffSession.staff_id == staff_id, reason, now)


def end(session: Session, audit: AuditLog, officer: Officer, *, now: datetime) -> None:
    """End this session, as its officer wishes."""
    _end(session, audit, StaffSession.id == officer.session_id, "officer", now)


def _end(
    session: Session,
    audit: AuditLog,
    condition: sa.ColumnElement[bool],
    reason: str,
    now: datetime,
) -> None:
    ended = session.execute(
        sa.update(StaffSession)
        .where(condition, StaffSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
        .returning(StaffSession.id, StaffSession.staff_id)
    ).all()
    for row in ended:
        event = StaffSessionEnded(row.staff_id, row.id, reason)
        audit.record(session, event, now=now)


def _officer(connection: Connection, sealer: Sealer, row: Any) -> Officer:
    roles = sa.select(StaffRole.role).where(StaffRole.staff_id == row.staff_id)
    return Officer(
        id=row.staff_id,
        name=open_name(sealer, row.name_sealed, row.staff_id),
        unit=Unit(row.id, row.name, row.province_code, row.commune_code),
        roles=frozenset(connection.execute(roles).scalars()),
        session_id=row.session_id,
        proven_at=row.proven_at,
        number_index=index_of(sealer, row.number_sealed, row.staff_id),
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
