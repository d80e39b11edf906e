"""A second officer decides: approves with a fresh passkey, or refuses with reasons.

Both hold a role of the kind at that moment, and of parallel decisions one counts. What
cannot be carried out leaves the proposal open, with its error.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.approvals.kinds import Afterwards, Services
from idp.approvals.models import Proposal
from idp.approvals.proposals import given_reason
from idp.approvals.register import KINDS
from idp.audit.approval_events import ProposalDecided
from idp.audit.log import AuditLog
from idp.errors import IdpError
from idp.staff.errors import StaffChangeError
from idp.staff.models import StaffAccount, StaffRole
from idp.staff.officer import Officer
from keys.errors import KeysError


class CarryOutError(IdpError):
    """What was approved could not be carried out; the proposal stays open."""

    code = "DD-STAFF-008"


def approve(
    services: Services, officer: Officer, proposal_id: UUID, *, now: datetime
) -> None:
    """Approve another's proposal and carry it out, in one transaction.

    Raises `StaffChangeError` for one's own, one that is over, one behind which no
    officer stands, and for a stale passkey; `CarryOutError` where it cannot be done.
    """
    try:
        with services.database.transaction() as session:
            afterwards = _approve(services, session, officer, proposal_id, now)
    except CarryOutError as error:
        with services.database.transaction() as session:
            session.execute(
                sa.update(Proposal)
                .where(Proposal.id == proposal_id, Proposal.state == "open")
                .values(error=error.description)
            )
        raise
    if afterwards is not None:
        afterwards()


def _approve(
    services: Services,
    session: Session,
    officer: Officer,
    proposal_id: UUID,
    now: datetime,
) -> Afterwards | None:
    _require_fresh(services, officer, now)
    row = _decide(session, officer, proposal_id, "approved", "", now)
    kind = KINDS[row.kind]
    _require_roles(session, kind.roles, officer.id, row.asked_by)
    _check(services, session, officer, row, now)
    by = str(officer.id)
    try:
        # Before anything is audited: acts lock their tables first, the log comes last.
        afterwards = kind.carry_out(services, session, row.payload, by=by, now=now)
    except (IdpError, KeysError) as error:
        raise CarryOutError(str(error), detail=str(error)) from error
    _record(session, services.audit, officer, proposal_id, "approved", "", now)
    return afterwards


def take_up(
    services: Services, officer: Officer, proposal_id: UUID, *, now: datetime
) -> None:
    """Stand behind what a command proposed, as if one had proposed it oneself."""
    _require_fresh(services, officer, now)
    with services.database.transaction() as session:
        row = session.execute(
            sa.update(Proposal)
            .where(*_waits(proposal_id, now), Proposal.asked_by.is_(None))
            .values(asked_by=officer.id)
            .returning(Proposal.kind, Proposal.payload)
        ).one_or_none()
        if row is None:
            raise StaffChangeError("no proposal by command waits for an officer")
        _require_roles(session, KINDS[row.kind].roles, officer.id)
        _check(services, session, officer, row, now)
        _record(session, services.audit, officer, proposal_id, "taken_up", "", now)


def refuse(
    services: Services, officer: Officer, proposal_id: UUID, reason: str, now: datetime
) -> None:
    """Refuse another's proposal, or one by command, with the reason."""
    text = given_reason(reason)
    with services.database.transaction() as session:
        row = _decide(session, officer, proposal_id, "refused", text, now)
        _require_roles(session, KINDS[row.kind].roles, officer.id)
        _check(services, session, officer, row, now)
        _record(session, services.audit, officer, proposal_id, "refused", text, now)


def withdraw(
    services: Services, officer: Officer, proposal_id: UUID, now: datetime
) -> None:
    """Take one's own proposal back."""
    with services.database.transaction() as session:
        withdrawn = session.execute(
            sa.update(Proposal)
            .where(*_waits(proposal_id, now), Proposal.asked_by == officer.id)
            .values(state="withdrawn", decided_by=officer.id, decided_at=now)
            .returning(Proposal.id)
        ).one_or_none()
        if withdrawn is None:
            raise StaffChangeError("no such proposal of your own is open")
        _record(session, services.audit, officer, proposal_id, "withdrawn", "", now)


def _decide(  # noqa: PLR0913, PLR0917 - who decides what, and why
    session: Session,
    officer: Officer,
    proposal_id: UUID,
    state: str,
    reason: str,
    now: datetime,
) -> Any:
    is_anothers = Proposal.asked_by != officer.id
    if state == "refused":
        is_anothers = Proposal.asked_by.is_distinct_from(officer.id)
    row = session.execute(
        sa.update(Proposal)
        .where(*_waits(proposal_id, now), is_anothers)
        .values(
            state=state,
            decided_by=officer.id,
            decided_at=now,
            decision_reason=reason,
            error="",
        )
        .returning(Proposal.kind, Proposal.payload, Proposal.asked_by)
    ).one_or_none()
    if row is None:
        raise StaffChangeError("no such proposal of another officer is open")
    return row


def _waits(proposal_id: UUID, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Proposal.id == proposal_id,
        Proposal.state == "open",
        Proposal.expires_at > now,
    )


def _require_fresh(services: Services, officer: Officer, now: datetime) -> None:
    max_age = timedelta(seconds=services.config.lifetimes.fresh_factor)
    if now - officer.proven_at > max_age:
        raise StaffChangeError("prove your passkey again")


def _require_roles(session: Session, roles: tuple[str, ...], *officers: UUID) -> None:
    """Raise unless each of them holds one of the roles now; locked against changes."""
    query = (
        sa.select(StaffRole.staff_id)
        .join(StaffAccount, StaffAccount.id == StaffRole.staff_id)
        .where(
            StaffAccount.id.in_(officers),
            StaffAccount.state == "active",
            StaffRole.role.in_(roles),
        )
        .order_by(StaffAccount.id)
    )
    # Whoever takes a role or an account away waits until this decision stands.
    found = set(session.execute(query.with_for_update()).scalars())
    if found != set(officers):
        raise StaffChangeError("asker and approver have to hold the role now")


def _check(
    services: Services, session: Session, officer: Officer, row: Any, now: datetime
) -> None:
    """Raise where the kind says that it is no affair of this officer."""
    check = KINDS[row.kind].check
    if check is not None:
        check(services, session, officer, row.payload, now=now)


def _record(  # noqa: PLR0913, PLR0917 - the stores, then who decided what
    session: Session,
    audit: AuditLog,
    officer: Officer,
    proposal_id: UUID,
    decision: str,
    reason: str,
    now: datetime,
) -> None:
    event = ProposalDecided(proposal_id, decision, reason, str(officer.id))
    audit.record(session, event, now=now)
