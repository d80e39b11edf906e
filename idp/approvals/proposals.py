"""Proposals: made for a reason, seen in the inbox, dead after their time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.approvals.kinds import Payload
from idp.approvals.models import Proposal
from idp.approvals.register import KINDS
from idp.audit.approval_events import ProposalMade
from idp.audit.log import AuditLog
from idp.config.staff import StaffConfig
from idp.errors import NotFoundError
from idp.staff.errors import StaffChangeError
from idp.staff.officer import BY_COMMAND, Officer

MAX_REASON = 1000
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as lists show it."""

    id: UUID
    kind: str
    subject: str
    reason: str
    is_by_command: bool
    asked_by: UUID | None
    asked_at: datetime
    expires_at: datetime
    state: str
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str
    error: str

    def is_open(self, now: datetime) -> bool:
        """Say whether it still waits."""
        return self.state == "open" and now < self.expires_at


def propose(  # noqa: PLR0913, PLR0917 - the stores, then what is proposed by whom
    session: Session,
    audit: AuditLog,
    config: StaffConfig,
    kind: str,
    payload: dict[str, Any],
    reason: str,
    asker: Officer | None,
    *,
    now: datetime,
) -> UUID:
    """Keep a proposal; nothing happens before another officer approves it.

    Without an `asker` it comes by command: two officers have to stand behind it.
    """
    if asker is not None and not asker.has(*KINDS[kind].roles):
        raise StaffChangeError("the proposal is for another role")
    text, proposal_id = given_reason(reason), uuid4()
    subject = KINDS[kind].subject(payload)[:LONGEST_SUBJECT]
    session.add(
        Proposal(
            id=proposal_id,
            kind=kind,
            subject=subject,
            payload=payload,
            reason=text,
            is_by_command=asker is None,
            asked_by=asker.id if asker else None,
            asked_at=now,
            expires_at=now + timedelta(seconds=config.proposal),
            state="open",
            decision_reason="",
            error="",
        )
    )
    by = str(asker.id) if asker else BY_COMMAND
    audit.record(session, ProposalMade(proposal_id, kind, subject, text, by), now=now)
    return proposal_id


def given_reason(reason: str) -> str:
    """Return the reason on one line; raises for none, and for one that is too long."""
    text = " ".join(reason.split())
    if not 0 < len(text) <= MAX_REASON:
        raise StaffChangeError(f"give a reason of up to {MAX_REASON} characters")
    return text


def find(connection: Connection | Session, proposal_id: UUID) -> Proposed:
    """Return one proposal, open or decided."""
    row = connection.execute(_ALL.where(Proposal.id == proposal_id)).one_or_none()
    if row is None:
        raise NotFoundError("no such proposal")
    return Proposed(**row._asdict())


def payload_of(connection: Connection | Session, proposal_id: UUID) -> Payload:
    """Return what exactly is proposed."""
    query = sa.select(Proposal.payload).where(Proposal.id == proposal_id)
    payload: Payload = connection.execute(query).scalar_one()
    return payload


def list_open(
    connection: Connection | Session,
    kinds: Collection[str],
    *,
    now: datetime,
    subject: str | None = None,
) -> list[Proposed]:
    """Return what waits of these kinds, oldest first."""
    query = _ALL.where(
        Proposal.kind.in_(kinds), Proposal.state == "open", Proposal.expires_at > now
    )
    if subject is not None:
        query = query.where(Proposal.subject == subject)
    rows = connection.execute(query.order_by(Proposal.asked_at, Proposal.id))
    return [Proposed(**row._asdict()) for row in rows]


def list_over(
    connection: Connection | Session,
    kinds: Collection[str],
    *,
    now: datetime,
    offset: int,
    limit: int,
) -> list[Proposed]:
    """Return what was decided or has expired of these kinds, newest first."""
    is_over = sa.or_(Proposal.state != "open", Proposal.expires_at <= now)
    query = _ALL.where(Proposal.kind.in_(kinds), is_over)
    query = query.order_by(Proposal.asked_at.desc(), Proposal.id)
    rows = connection.execute(query.offset(offset).limit(limit))
    return [Proposed(**row._asdict()) for row in rows]


_ALL = sa.select(*(getattr(Proposal, name) for name in Proposed.__slots__))
