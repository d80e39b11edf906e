"""Written requests to lock or unlock, of authorities and of the agency's own offices.

Decree 69/2024 art. 15; Law on Identification art. 34.

One officer enters the letter and forwards it within a working day; another decides
within two more. A refusal is in writing, with its reasons, and all are told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import places
from idp.accounts.calendar import HANOI, Calendar
from idp.accounts.lifecycle import live_locks
from idp.audit.lock_events import AuthorityAnswered, AuthorityAsked, AuthorityForwarded
from idp.errors import IdpError
from idp.factors.notice_texts import What
from idp.locks import placing
from idp.locks.grounds import AUTHORITY_REQUEST
from idp.locks.models import AuthorityRequest
from idp.locks.sweeping import Services
from keys.sealing import Sealer

Change = Literal["lock", "unlock"]
MAX_TEXT = 2000
OPEN = ("received", "forwarded")


class RequestError(IdpError):
    """The request is decided already, or may not be decided by this officer."""

    code = "DD-LOCK-005"


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A letter as an officer enters it."""

    account_id: UUID
    change: Change
    ground: str
    authority: str
    document: str
    matter: str
    entered_by: UUID


@dataclass(frozen=True, slots=True)
class Request:
    """A request as officers see it."""

    id: UUID
    account_id: UUID
    change: str
    ground: str
    authority: str
    document: str
    matter: str
    state: str
    received_at: datetime
    due_at: datetime
    entered_by: UUID
    decided_by: UUID | None
    decided_at: datetime | None
    reasons: str

    def is_overdue(self, now: datetime) -> bool:
        """Say whether the step that is due now is late."""
        return self.state in OPEN and now >= self.due_at


def enter(
    services: Services, session: Session, new: NewRequest, *, now: datetime
) -> UUID:
    """Keep a letter, with the end of the next working day for forwarding it."""
    request_id = uuid4()
    sealed = _seal(services.sealer, "matter", request_id, new.matter)
    session.add(
        AuthorityRequest(
            id=request_id,
            account_id=new.account_id,
            change=new.change,
            ground=new.ground,
            authority=new.authority,
            document=new.document,
            matter_sealed=sealed,
            state="received",
            received_at=now,
            forward_by=_due(services, now, services.config.locks.forward_days),
            entered_by=new.entered_by,
        )
    )
    event = AuthorityAsked(
        new.account_id, request_id, new.change, new.ground, new.entered_by
    )
    services.audit.record(session, event, now=now)
    return request_id


def forward(
    services: Services,
    session: Session,
    request_id: UUID,
    *,
    officer_id: UUID,
    now: datetime,
) -> None:
    """Pass the letter to the head of the agency, whose own term begins."""
    due = _due(services, now, services.config.locks.decide_days)
    values = {"state": "forwarded", "forwarded_at": now, "decide_by": due}
    moved = _move(session, request_id, "received", values)
    event = AuthorityForwarded(moved.account_id, request_id, officer_id)
    services.audit.record(session, event, now=now)


def agree(
    services: Services,
    session: Session,
    request_id: UUID,
    *,
    officer_id: UUID,
    now: datetime,
) -> What | None:
    """Carry the request out, at once and with every effect; return what to tell."""
    moved = _decide(services, session, request_id, "agreed", officer_id, "", now)
    ground = moved.ground
    is_locked = ground in live_locks(session, moved.account_id)
    change = placing.lock if moved.change == "lock" else placing.unlock
    if is_locked != (moved.change == "lock"):
        change(
            services,
            session,
            moved.account_id,
            ground=ground,
            asker="authority" if ground == AUTHORITY_REQUEST else "agency",
            now=now,
            by=str(officer_id),
        )
    if moved.change == "lock":
        return placing.told_of_lock(ground)
    return placing.told(live_locks(session, moved.account_id))


def refuse(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    session: Session,
    request_id: UUID,
    reasons: str,
    *,
    officer_id: UUID,
    now: datetime,
) -> None:
    """Refuse in writing, with reasons."""
    if not reasons.strip():
        raise RequestError("a refusal has reasons")
    _decide(services, session, request_id, "refused", officer_id, reasons, now)


def list_open(  # noqa: PLR0913 - the stores, then filters of one list
    connection: Connection,
    sealer: Sealer,
    limit: int,
    *,
    province_code: str | None,
    state: str | None = None,
    offset: int = 0,
) -> list[Request]:
    """Return what waits for a province's officers, the most urgent first."""
    query = _ALL.where(_of(province_code, (state,) if state else OPEN))
    query = query.order_by(_DUE, AuthorityRequest.id).offset(offset).limit(limit)
    return [_read(sealer, row) for row in connection.execute(query)]


def list_decided(
    connection: Connection, sealer: Sealer, limit: int, *, province_code: str | None
) -> list[Request]:
    """Return what was decided for a province, the newest letter first."""
    query = _ALL.where(_of(province_code, ("agreed", "refused")))
    query = query.order_by(AuthorityRequest.received_at.desc()).limit(limit)
    return [_read(sealer, row) for row in connection.execute(query)]


def count_open(
    connection: Connection, *, province_code: str | None, now: datetime
) -> tuple[int, int]:
    """Return how many wait for a province's officers, and how many are overdue."""
    is_late = sa.case((now >= _DUE, 1), else_=0)
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(is_late), 0))
    waiting, late = connection.execute(query.where(_of(province_code, OPEN))).one()
    return waiting, late


def find(
    connection: Connection | Session, sealer: Sealer, request_id: UUID
) -> Request | None:
    """Return one request, open or decided."""
    query = _ALL.where(AuthorityRequest.id == request_id)
    row = connection.execute(query).one_or_none()
    return _read(sealer, row) if row else None


_ALL = sa.select(AuthorityRequest.__table__)
_DUE = sa.func.coalesce(AuthorityRequest.decide_by, AuthorityRequest.forward_by)


def _of(province_code: str | None, states: tuple[str, ...]) -> sa.ColumnElement[bool]:
    of_province = places.is_of(AuthorityRequest.account_id, province_code)
    return sa.and_(AuthorityRequest.state.in_(states), of_province)


def _decide(  # noqa: PLR0913, PLR0917 - the stores, then the decision
    services: Services,
    session: Session,
    request_id: UUID,
    state: str,
    officer_id: UUID,
    reasons: str,
    now: datetime,
) -> Any:
    values = {
        "state": state,
        "decided_at": now,
        "decided_by": officer_id,
        "reasons_sealed": _seal(services.sealer, "reasons", request_id, reasons),
    }
    # Two officers: whoever has entered the letter never decides it.
    moved = _move(session, request_id, "forwarded", values, not_by=officer_id)
    event = AuthorityAnswered(moved.account_id, request_id, state, officer_id)
    services.audit.record(session, event, now=now)
    return moved


def _move(
    session: Session,
    request_id: UUID,
    before: str,
    values: Mapping[str, Any],
    *,
    not_by: UUID | None = None,
) -> Any:
    query = sa.update(AuthorityRequest).where(
        AuthorityRequest.id == request_id, AuthorityRequest.state == before
    )
    if not_by is not None:
        query = query.where(AuthorityRequest.entered_by != not_by)
    moved = session.execute(
        query.values(**values).returning(
            AuthorityRequest.account_id,
            AuthorityRequest.change,
            AuthorityRequest.ground,
        )
    ).one_or_none()
    if moved is None:
        raise RequestError("decided already, or by whoever entered it")
    return moved


def _due(services: Services, now: datetime, days: int) -> datetime:
    calendar = Calendar.of(services.config.enrolment)
    last = calendar.after(now.astimezone(HANOI).date(), days)
    return datetime.combine(last + timedelta(days=1), time(), HANOI).astimezone(UTC)


def _seal(sealer: Sealer, name: str, request_id: UUID, text: str) -> bytes:
    return sealer.seal(text[:MAX_TEXT].encode(), context=_context(name, request_id))


def _read(sealer: Sealer, row: Any) -> Request:
    def opened(name: str, sealed: bytes | None) -> str:
        if not sealed:
            return ""
        return sealer.open(sealed, context=_context(name, row.id)).decode()

    return Request(
        id=row.id,
        account_id=row.account_id,
        change=row.change,
        ground=row.ground,
        authority=row.authority,
        document=row.document,
        matter=opened("matter", row.matter_sealed),
        state=row.state,
        received_at=row.received_at,
        due_at=row.decide_by or row.forward_by,
        entered_by=row.entered_by,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reasons=opened("reasons", row.reasons_sealed),
    )


def _context(name: str, request_id: UUID) -> str:
    return f"authority_requests.{name}:{request_id}"
