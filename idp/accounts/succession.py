"""The legal representative whom the register names today (Decree 69/2024 art. 12).

Whoever was named before has no right any more, and whoever is named now is listed, and
acts once they accept. Mandates that the organisation gave to others stay its own.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import memberships
from idp.accounts.identifiers import find_account_id
from idp.accounts.memberships import Invitation
from idp.accounts.organisation_models import Membership
from idp.accounts.organisations import LEGAL_REPRESENTATIVE, person_index
from idp.audit.log import AuditLog
from keys.sealing import Sealer


def is_named(
    connection: Connection | Session, sealer: Sealer, organisation_id: UUID, number: str
) -> bool:
    """Say whether the organisation lists as its head whom the register names.

    By account too: the same person may have another number by now.
    """
    listed = connection.execute(
        sa.select(Membership.account_id, Membership.number_index).where(
            Membership.organisation_id == organisation_id,
            Membership.role == LEGAL_REPRESENTATIVE,
            Membership.ended_at.is_(None),
        )
    ).all()
    named = person_index(sealer, number).versions
    if len(listed) == 1 and listed[0].number_index in named:
        return True
    holder = find_account_id(connection, sealer, number)
    return holder is not None and [row.account_id for row in listed] == [holder]


def follow(  # noqa: PLR0913 - the stores, then what the register says
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    organisation_id: UUID,
    number: str,
    *,
    now: datetime,
) -> list[UUID]:
    """End the listing of whoever was named before, and list who is named now.

    Returns the accounts that lost the right, or what they had beside it.
    """
    ended = memberships.end_where(
        session,
        audit,
        Membership.organisation_id == organisation_id,
        sa.or_(
            Membership.role == LEGAL_REPRESENTATIVE,
            Membership.number_index.in_(person_index(sealer, number).versions),
        ),
        ended_by=None,
        now=now,
    )
    invitation = Invitation(
        organisation_id=organisation_id,
        invited_by=None,
        number=number,
        role=LEGAL_REPRESENTATIVE,
        valid_from=now,
    )
    memberships.invite(session, audit, sealer, invitation, now=now)
    return [account_id for _, account_id in ended if account_id is not None]
