"""Restricting the use of one's data for portals, and allowing it again (Law 91/2025).

While it holds, no portal is signed in to, and no token of before is worth anything:
`authentication.steps` and `consent.live_grants` look at it at every request.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account
from idp.audit.right_events import ProcessingAllowed, ProcessingRestricted
from idp.authentication import backchannel
from idp.consent import grants
from idp.rights.services import RightError, Services


def restrict(
    services: Services, session: Session, account_id: UUID, *, now: datetime
) -> None:
    """Stop every use for portals at once, and have them told."""
    _set(session, account_id, now, is_restricted=True)
    services.audit.record(session, ProcessingRestricted(account_id), now=now)
    live = grants.list_for(session, account_id, now=now)
    clients = [grant.client_id for grant in live]
    backchannel.account_stopped(services, session, account_id, clients, now=now)


def allow(
    services: Services, session: Session, account_id: UUID, *, now: datetime
) -> None:
    """Allow the use again; consents are as they were."""
    _set(session, account_id, now, is_restricted=False)
    services.audit.record(session, ProcessingAllowed(account_id), now=now)


def restricted_since(
    connection: Connection | Session, account_id: UUID
) -> datetime | None:
    """Return since when the use is restricted, or None."""
    query = sa.select(Account.restricted_at).where(Account.id == account_id)
    return connection.execute(query).scalar_one_or_none()


def _set(
    session: Session, account_id: UUID, now: datetime, *, is_restricted: bool
) -> None:
    before = Account.restricted_at
    changed = session.execute(
        sa.update(Account)
        .where(
            Account.id == account_id,
            before.is_(None) if is_restricted else before.is_not(None),
        )
        .values(restricted_at=now if is_restricted else None, updated_at=now)
        .returning(Account.id)
    ).one_or_none()
    if changed is None:
        raise RightError("it is so already")
