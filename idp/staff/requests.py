"""What takes two administrators: an officer, a role more, a new passkey, an end.

One asks and gets a code; another approves and gets the link. Neither can enrol a
passkey in the officer's name alone. Roles of a request hold from its approval on.
Whoever runs the server may ask by command; then one administrator approves.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, assert_never
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.staff_events import StaffRequestAsked, StaffRequestDecided
from idp.config.staff import StaffConfig
from idp.staff import invitations, people
from idp.staff.errors import StaffChangeError
from idp.staff.invitations import Link
from idp.staff.models import StaffRequest
from idp.staff.officer import BY_COMMAND, Officer
from keys.sealing import Sealer

Kind = Literal["invite", "roles", "rescue", "disable"]


_WITH_LINK: frozenset[Kind] = frozenset({"invite", "rescue"})


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request as the second administrator sees it, waiting or over."""

    id: UUID
    kind: str
    staff_id: UUID
    roles: tuple[str, ...]
    asked_by: UUID | None
    asked_at: datetime
    expires_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was just made; the code of a link is shown this once."""

    request_id: UUID
    code: str | None


def ask(  # noqa: PLR0913, PLR0917 - the stores, then what is asked for whom
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    config: StaffConfig,
    asker: Officer | None,
    kind: Kind,
    staff_id: UUID,
    roles: Collection[str],
    *,
    now: datetime,
) -> Asked:
    """Note what this administrator asks; nothing changes before another approves.

    Nobody asks by command.
    """
    if asker is not None:
        never_oneself(asker, staff_id)
    person = people.find_person(session, sealer, staff_id)
    if person.state == "disabled":
        raise StaffChangeError("this account is disabled")
    asked = tuple(people.sort_roles(roles))
    code = invitations.new_code() if kind in _WITH_LINK else None
    request_id = uuid4()
    session.add(
        StaffRequest(
            id=request_id,
            kind=kind,
            staff_id=staff_id,
            roles=list(asked),
            code_digest=code and invitations.code_digest(sealer, code, staff_id),
            asked_by=asker.id if asker else None,
            asked_at=now,
            expires_at=now + timedelta(seconds=config.request),
            state="open",
        )
    )
    by = str(asker.id) if asker else BY_COMMAND
    event = StaffRequestAsked(request_id, staff_id, kind, asked, by)
    audit.record(session, event, now=now)
    return Asked(request_id, code)


def approve(  # noqa: PLR0913 - the stores, then who approves what
    session: Session,
    audit: AuditLog,
    config: StaffConfig,
    officer: Officer,
    request_id: UUID,
    *,
    now: datetime,
) -> Link | None:
    """Approve another's request and return its link, if it brings one.

    Raises `StaffChangeError` for one's own request, one about oneself, one whose asker
    is no administrator any more, and one that would leave fewer than two
    administrators, or two who can sign in; of parallel decisions one counts.
    """
    if config.two_persons and _is_nobodys(session, request_id):
        raise StaffChangeError("an administrator takes it up first")
    row = _decide(session, audit, officer, request_id, "approved", now)
    before = people.hold_administrators(session)
    could = people.with_passkey(session, before)
    if not {officer.id, row.asked_by or officer.id} <= before:
        raise StaffChangeError("asker and approver have to be administrators now")
    link = _carry_out(session, audit, config, row, str(officer.id), now)
    left = people.administrators(session)
    for former, now_left in (
        (before, left),
        (could, people.with_passkey(session, left)),
    ):
        if len(now_left) < people.TWO and not former <= now_left:
            raise StaffChangeError("two administrators stay")
    return link


def take_up(
    session: Session,
    audit: AuditLog,
    officer: Officer,
    request_id: UUID,
    *,
    now: datetime,
) -> None:
    """Stand behind what was asked by command: a command is not one of two persons."""
    staff_id = session.execute(
        sa.update(StaffRequest)
        .where(
            StaffRequest.id == request_id,
            StaffRequest.state == "open",
            StaffRequest.expires_at > now,
            StaffRequest.asked_by.is_(None),
        )
        .values(asked_by=officer.id)
        .returning(StaffRequest.staff_id)
    ).scalar_one_or_none()
    if staff_id is None:
        raise StaffChangeError("no request by command waits for an administrator")
    never_oneself(officer, staff_id)
    event = StaffRequestDecided(request_id, staff_id, "taken_up", str(officer.id))
    audit.record(session, event, now=now)


def _is_nobodys(session: Session, request_id: UUID) -> bool:
    query = sa.select(StaffRequest.id)
    query = query.where(StaffRequest.id == request_id, StaffRequest.asked_by.is_(None))
    return session.execute(query).one_or_none() is not None


def _carry_out(  # noqa: PLR0913, PLR0917 - the stores, then what was approved
    session: Session,
    audit: AuditLog,
    config: StaffConfig,
    row: Any,
    by: str,
    now: datetime,
) -> Link | None:
    kind: Kind = row.kind
    whom = (session, audit, row.staff_id)
    match kind:
        case "roles":
            people.set_roles(*whom, row.roles, by=by, now=now)
        case "disable":
            people.disable(*whom, by=by, now=now)
        case "rescue":
            return people.rescue(
                session, audit, config, row.staff_id,
                by=by, code=row.code_digest, now=now,
            )  # fmt: skip
        case "invite":
            people.set_roles(*whom, row.roles, by=by, now=now)
            return invitations.issue(
                session, audit, config, row.staff_id, "invite",
                by=by, code=row.code_digest, now=now,
            )  # fmt: skip
        case _:
            assert_never(kind)
    return None


def refuse(
    session: Session,
    audit: AuditLog,
    officer: Officer,
    request_id: UUID,
    *,
    now: datetime,
) -> None:
    """Refuse another's request; who was to be invited so is ended again."""
    row = _decide(session, audit, officer, request_id, "refused", now)
    if row.kind == "invite":
        people.disable(session, audit, row.staff_id, by=str(officer.id), now=now)


def list_open(connection: Connection | Session, *, now: datetime) -> list[OpenRequest]:
    """Return the requests that wait, oldest first."""
    query = _ALL.where(StaffRequest.state == "open", StaffRequest.expires_at > now)
    query = query.order_by(StaffRequest.asked_at, StaffRequest.id)
    return [_read(row) for row in connection.execute(query)]


def list_over(
    connection: Connection | Session, *, now: datetime, limit: int
) -> list[OpenRequest]:
    """Return the requests that were decided or have expired, newest first."""
    query = _ALL.where(
        sa.or_(StaffRequest.state != "open", StaffRequest.expires_at <= now)
    )
    query = query.order_by(StaffRequest.asked_at.desc(), StaffRequest.id)
    return [_read(row) for row in connection.execute(query.limit(limit))]


_ALL = sa.select(*(getattr(StaffRequest, name) for name in OpenRequest.__slots__))


def _read(row: Any) -> OpenRequest:
    return OpenRequest(**row._asdict() | {"roles": tuple(row.roles)})


def _decide(  # noqa: PLR0913, PLR0917 - the stores, then who decides what
    session: Session,
    audit: AuditLog,
    officer: Officer,
    request_id: UUID,
    decision: str,
    now: datetime,
) -> Any:
    row = session.execute(
        sa.update(StaffRequest)
        .where(
            StaffRequest.id == request_id,
            StaffRequest.state == "open",
            StaffRequest.expires_at > now,
            StaffRequest.asked_by.is_distinct_from(officer.id),
        )
        .values(state=decision, decided_by=officer.id, decided_at=now)
        .returning(
            StaffRequest.kind,
            StaffRequest.staff_id,
            StaffRequest.roles,
            StaffRequest.code_digest,
            StaffRequest.asked_by,
        )
    ).one_or_none()
    if row is None:
        raise StaffChangeError("no such request of another administrator is open")
    never_oneself(officer, row.staff_id)
    event = StaffRequestDecided(request_id, row.staff_id, decision, str(officer.id))
    audit.record(session, event, now=now)
    return row


def never_oneself(officer: Officer, staff_id: UUID) -> None:
    """Raise `StaffChangeError` where officers would decide about themselves."""
    if officer.id == staff_id:
        raise StaffChangeError("nobody decides about themselves")
