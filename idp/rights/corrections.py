"""Asking for a correction of one's data, and an officer's answer (Law 91/2025)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import places
from idp.audit.log import AuditLog
from idp.audit.right_events import CorrectionAnswered, CorrectionAsked
from idp.rights.models import CorrectionRequest
from idp.rights.services import RightError
from keys.sealing import Sealer

MAX_TEXT = 2000
_OPEN = 5


@dataclass(frozen=True, slots=True)
class Correction:
    """One wish for a correction, opened."""

    id: UUID
    account_id: UUID
    province_code: str | None
    text: str
    asked_at: datetime
    due_at: datetime
    answer: str | None
    answered_at: datetime | None


def ask(  # noqa: PLR0913 - the stores, then the wish
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    text: str,
    *,
    term: int,
    now: datetime,
) -> UUID:
    """Put a wish into the officers' queue; a few may wait for one account."""
    waiting = sa.select(sa.func.count()).where(
        CorrectionRequest.account_id == account_id,
        CorrectionRequest.answered_at.is_(None),
    )
    if session.scalar(waiting) >= _OPEN:  # type: ignore[operator]  # a count
        raise RightError("enough wishes wait already")
    request_id = uuid4()
    session.add(
        CorrectionRequest(
            id=request_id,
            account_id=account_id,
            text_sealed=sealer.seal(
                text[:MAX_TEXT].encode(), context=_context("text", request_id)
            ),
            asked_at=now,
            due_at=now + timedelta(seconds=term),
        )
    )
    audit.record(session, CorrectionAsked(account_id, request_id), now=now)
    return request_id


def answer(  # noqa: PLR0913 - the stores, then the answer
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    request_id: UUID,
    text: str,
    *,
    officer_id: UUID,
    now: datetime,
) -> UUID:
    """Answer once and return whose wish it was: of two officers one does."""
    account_id = session.execute(
        sa.update(CorrectionRequest)
        .where(
            CorrectionRequest.id == request_id,
            CorrectionRequest.answered_at.is_(None),
        )
        .values(
            answered_at=now,
            answered_by=officer_id,
            answer_sealed=sealer.seal(
                text[:MAX_TEXT].encode(), context=_context("answer", request_id)
            ),
        )
        .returning(CorrectionRequest.account_id)
    ).scalar_one_or_none()
    if account_id is None:
        raise RightError("it is answered already")
    event = CorrectionAnswered(account_id, request_id, officer_id)
    audit.record(session, event, now=now)
    return account_id


def list_for(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> list[Correction]:
    """Return the account's wishes, newest first."""
    query = _ALL.where(CorrectionRequest.account_id == account_id).order_by(
        CorrectionRequest.asked_at.desc()
    )
    return [_open(sealer, row) for row in connection.execute(query)]


def waiting(  # noqa: PLR0913 - the stores, then filters of one list
    connection: Connection | Session,
    sealer: Sealer,
    *,
    province_code: str | None = None,
    without: Collection[UUID] = (),
    due_by: datetime | None = None,
    offset: int = 0,
    limit: int,
) -> list[Correction]:
    """Return the wishes that wait for an officer, the most urgent first.

    Of a province, and of holders of whom no province is known; `without` leaves out the
    accounts that are the officer's own affair; `due_by` keeps to what is late then.
    """
    query = _of_province(_ALL, province_code)
    if due_by is not None:
        query = query.where(CorrectionRequest.due_at <= due_by)
    query = query.where(CorrectionRequest.account_id.not_in(without))
    query = query.order_by(CorrectionRequest.due_at, CorrectionRequest.id)
    rows = connection.execute(query.offset(offset).limit(limit))
    return [_open(sealer, row) for row in rows]


def count_waiting(
    connection: Connection, *, province_code: str | None, now: datetime
) -> tuple[int, int]:
    """Return how many wishes wait for a province's officers, and how many are late."""
    is_late = sa.case((CorrectionRequest.due_at <= now, 1), else_=0)
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(is_late), 0))
    waiting, late = connection.execute(_of_province(query, province_code)).one()
    return waiting, late


def find(
    connection: Connection | Session, sealer: Sealer, request_id: UUID
) -> Correction | None:
    """Return one wish, if there is one."""
    query = _ALL.where(CorrectionRequest.id == request_id)
    row = connection.execute(query).one_or_none()
    return _open(sealer, row) if row else None


_PROVINCE = places.province_of(CorrectionRequest.account_id)
_ALL = sa.select(*CorrectionRequest.__table__.columns, _PROVINCE.label("province_code"))


def _of_province(query: sa.Select[Any], province_code: str | None) -> sa.Select[Any]:
    """Keep to wishes that wait, of a province or of none that is known."""
    query = query.where(
        CorrectionRequest.answered_at.is_(None),
        CorrectionRequest.text_sealed.is_not(None),
    )
    return query.where(places.is_of(CorrectionRequest.account_id, province_code))


def _open(sealer: Sealer, row: Any) -> Correction:
    def opened(name: str, sealed: bytes | None) -> str | None:
        if not sealed:
            return None
        return sealer.open(sealed, context=_context(name, row.id)).decode()

    return Correction(
        id=row.id,
        account_id=row.account_id,
        province_code=row.province_code,
        text=opened("text", row.text_sealed) or "",
        asked_at=row.asked_at,
        due_at=row.due_at,
        answer=opened("answer", row.answer_sealed),
        answered_at=row.answered_at,
    )


def _context(name: str, request_id: UUID) -> str:
    return f"corrections.{name}:{request_id}"
