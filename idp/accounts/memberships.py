"""Who belongs to an organisation: invited, accepted, ended (Decree 69/2024 art. 12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import identifiers
from idp.accounts.organisation_models import Membership
from idp.accounts.organisations import (
    AUTHORISED,
    LEGAL_REPRESENTATIVE,
    MANDATED,
    MEMBER,
    person_index,
    seal_number,
)
from idp.audit.log import AuditLog
from idp.audit.representation_events import (
    MemberInvited,
    MembershipAccepted,
    MembershipEnded,
)
from idp.errors import IdpError
from idp.storage.columns import claim
from keys.sealing import Sealer

MAX_MANDATE = 300


class MembershipError(IdpError):
    """The person is listed already, or the mandate is not in order."""

    code = "DD-ORG-004"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whom an organisation lists, as what, and for a mandate its words and term.

    Where nobody invites it is the register that names the legal representative.
    """

    organisation_id: UUID
    invited_by: UUID | None
    number: str
    role: str
    mandate: str = ""
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One person of one organisation."""

    id: UUID
    organisation_id: UUID
    account_id: UUID | None
    number: str
    role: str
    mandate: str
    valid_from: datetime
    valid_until: datetime | None
    accepted_at: datetime | None

    def may_act(self, now: datetime) -> bool:
        """Say whether the person may act for the organisation at `now`."""
        return (
            self.role in MANDATED
            and self.accepted_at is not None
            and self.valid_from <= now
            and (self.valid_until is None or self.valid_until > now)
        )


def invite(
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    invitation: Invitation,
    *,
    now: datetime,
) -> UUID:
    """List a person; nothing holds before they accept."""
    _check(invitation)
    membership_id = uuid4()
    mandate = invitation.mandate.strip()
    try:
        with session.begin_nested():
            session.add(
                Membership(
                    id=membership_id,
                    organisation_id=invitation.organisation_id,
                    number_index=claim(
                        session,
                        Membership.number_index,
                        person_index(sealer, invitation.number),
                        Membership.organisation_id == invitation.organisation_id,
                        Membership.ended_at.is_(None),
                    ),
                    number_sealed=seal_number(sealer, invitation.number, membership_id),
                    role=invitation.role,
                    mandate_sealed=sealer.seal(
                        mandate.encode(), context=_mandate_context(membership_id)
                    )
                    if mandate
                    else None,
                    valid_from=invitation.valid_from,
                    valid_until=invitation.valid_until,
                    invited_at=now,
                )
            )
    except sa.exc.IntegrityError as error:
        raise MembershipError("this person is listed already") from error
    event = MemberInvited(
        invitation.organisation_id,
        membership_id,
        invitation.role,
        invitation.invited_by,
    )
    audit.record(session, event, now=now)
    return membership_id


def accept(  # noqa: PLR0913 - the stores, then the person
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    membership_id: UUID,
    *,
    account_id: UUID,
    now: datetime,
) -> bool:
    """Accept an invitation to a number of one's own; of parallel callers one does."""
    row = session.execute(
        sa.update(Membership)
        .where(
            Membership.id == membership_id,
            Membership.number_index.in_(_indexes(session, sealer, account_id)),
            Membership.accepted_at.is_(None),
            Membership.ended_at.is_(None),
        )
        .values(accepted_at=now, account_id=account_id)
        .returning(Membership.organisation_id, Membership.role)
    ).one_or_none()
    if row is None:
        return False
    event = MembershipAccepted(account_id, membership_id, row.organisation_id, row.role)
    audit.record(session, event, now=now)
    return True


def end(
    session: Session,
    audit: AuditLog,
    membership_id: UUID,
    *,
    ended_by: UUID,
    now: datetime,
) -> bool:
    """End a listing at once; a legal representative's ends by the register alone."""
    return bool(
        end_where(
            session,
            audit,
            Membership.id == membership_id,
            Membership.role != LEGAL_REPRESENTATIVE,
            ended_by=ended_by,
            now=now,
        )
    )


def end_where(
    session: Session,
    audit: AuditLog,
    *conditions: sa.ColumnElement[bool],
    ended_by: UUID | None,
    now: datetime,
) -> list[tuple[UUID, UUID | None]]:
    """End every open listing that fits; return organisations and who was listed."""
    ended = session.execute(
        sa.update(Membership)
        .where(*conditions, Membership.ended_at.is_(None))
        .values(ended_at=now)
        .returning(Membership.id, Membership.organisation_id, Membership.account_id)
        .execution_options(synchronize_session=False)
    ).all()
    for row in ended:
        for account_id in filter(None, (row.organisation_id, row.account_id)):
            event = MembershipEnded(account_id, row.id, ended_by)
            audit.record(session, event, now=now)
    return [(row.organisation_id, row.account_id) for row in ended]


def of_organisation(
    connection: Connection | Session, sealer: Sealer, organisation_id: UUID
) -> list[Listed]:
    """Return everyone an organisation lists, the first first."""
    return _find(connection, sealer, Membership.organisation_id == organisation_id)


def of_person(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> list[Listed]:
    """Return where an account's holder is listed, or invited by any number of theirs.

    What was accepted stays with the account when its number changes.
    """
    is_invited = sa.and_(
        Membership.account_id.is_(None),
        Membership.number_index.in_(_indexes(connection, sealer, account_id)),
    )
    condition = sa.or_(Membership.account_id == account_id, is_invited)
    return _find(connection, sealer, condition)


def _indexes(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> list[bytes]:
    numbers = identifiers.numbers_of(connection, sealer, account_id)
    return [
        version
        for number in numbers
        for version in person_index(sealer, number).versions
    ]


def _check(invitation: Invitation) -> None:
    until = invitation.valid_until
    is_mandate = invitation.role == AUTHORISED
    named = LEGAL_REPRESENTATIVE if invitation.invited_by is None else MEMBER
    if invitation.role not in (AUTHORISED, MEMBER, named):
        raise MembershipError("a person is authorised, or a member")
    if is_mandate and not invitation.mandate.strip():
        raise MembershipError("a mandate says what for")
    if len(invitation.mandate) > MAX_MANDATE:
        raise MembershipError("the mandate is too long")
    if until is not None and until <= invitation.valid_from:
        raise MembershipError("a mandate ends after it begins")


def _find(
    connection: Connection | Session, sealer: Sealer, condition: Any
) -> list[Listed]:
    query = (
        sa.select(Membership.__table__)
        .where(condition, Membership.ended_at.is_(None))
        .order_by(Membership.invited_at, Membership.id)
    )
    return [_listed(sealer, row) for row in connection.execute(query)]


def _listed(sealer: Sealer, row: Any) -> Listed:
    number = sealer.open(row.number_sealed, context=f"memberships.number:{row.id}")
    mandate = b""
    if row.mandate_sealed is not None:
        mandate = sealer.open(row.mandate_sealed, context=_mandate_context(row.id))
    return Listed(
        id=row.id,
        organisation_id=row.organisation_id,
        account_id=row.account_id,
        number=number.decode(),
        role=row.role,
        mandate=mandate.decode(),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        accepted_at=row.accepted_at,
    )


def _mandate_context(membership_id: UUID) -> str:
    return f"memberships.mandate:{membership_id}"
