"""The hotline's word: a holder whose answers were right may open the account by codes.

It opens nothing itself. Number, name, birth date and phone are what a phone's thief may
know, so the holder proves the phone, and beside it the mailbox or the card, in their
own browser (`authentication.recovery.opens`); no code is ever told to an operator.
"""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.lock_events import UnlockPermitted, UnlockPermitWithdrawn
from idp.audit.log import AuditLog
from idp.locks.models import UnlockPermit


def permit(  # noqa: PLR0913 - the stores, then whose account, by whom and how long
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    *,
    officer_id: UUID,
    unit_id: UUID | None,
    lifetime: int,
    now: datetime,
) -> None:
    """Keep the word; a new one stands in the place of an older."""
    until = now + timedelta(seconds=lifetime)
    session.merge(
        UnlockPermit(
            account_id=account_id, given_by=officer_id, given_at=now, until=until
        )
    )
    event = UnlockPermitted(account_id, officer_id, unit_id, until.isoformat())
    audit.record(session, event, now=now)


def is_permitted(
    connection: Connection | Session, account_id: UUID, *, now: datetime
) -> bool:
    """Say whether the word holds."""
    query = sa.select(UnlockPermit.account_id).where(
        UnlockPermit.account_id == account_id, UnlockPermit.until > now
    )
    return connection.execute(query).first() is not None


def take(session: Session, account_id: UUID, *, now: datetime) -> bool:
    """Use the word up, and say whether it held: of parallel uses one gets it."""
    until = session.execute(
        sa.delete(UnlockPermit)
        .where(UnlockPermit.account_id == account_id)
        .returning(UnlockPermit.until)
    ).scalar_one_or_none()
    return until is not None and until > now


def withdraw(
    session: Session, audit: AuditLog, account_id: UUID, *, now: datetime
) -> None:
    """End the word, because the holder says that it was not they who called."""
    if take(session, account_id, now=now):
        audit.record(session, UnlockPermitWithdrawn(account_id), now=now)
