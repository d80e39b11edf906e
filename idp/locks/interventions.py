"""What a security officer ends of a citizen's sign-ins and permissions, with a reason.

The reason is sealed beside the event, and the citizen reads it in their own history
(Law 91/2025 on personal data: whoever's data it is may know who did what, and why).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.staff_events import OfficerEnded
from idp.authentication import session as sessions
from idp.authentication import sign_in
from idp.authentication.session_changes import Services
from idp.consent import grants
from idp.consent.grants import GrantView
from idp.errors import NotFoundError
from idp.staff.officer import Officer

REASON = "officer"
What = Literal["session", "sessions", "grant"]


@dataclass(frozen=True, slots=True)
class Intervention:
    """Who ends something of whose account, and why, in words."""

    officer: Officer
    account_id: UUID
    because: str


def end_session(
    services: Services,
    database: Session,
    by: Intervention,
    session_id: UUID,
    *,
    now: datetime,
) -> None:
    """Sign one place out, with its tokens; its portals are told."""
    views = sessions.list_for(
        database.connection(),
        services.sealer,
        by.account_id,
        now=now,
        lifetimes=services.config.lifetimes,
    )
    found = [view.session for view in views if view.session.id == session_id]
    if not found:
        raise NotFoundError("no such session of this citizen")
    sign_in.sign_out(services, database, session=found[0], reason=REASON, now=now)
    _note(services, database, by, "session", now)


def end_sessions(
    services: Services, database: Session, by: Intervention, *, now: datetime
) -> None:
    """Sign every place out, with its tokens; their portals are told."""
    sign_in.sign_out_everywhere(
        services, database, by.account_id, reason=REASON, now=now
    )
    _note(services, database, by, "sessions", now)


def end_grant(
    services: Services,
    database: Session,
    by: Intervention,
    grant_id: UUID,
    *,
    now: datetime,
) -> None:
    """End a permission of the account: userinfo, introspection and refresh stop."""
    live = live_grants(database, by.account_id, now=now)
    found = [one for one in live if one.id == grant_id]
    if not found or not grants.end(database, services.audit, grant_id, REASON, now):
        raise NotFoundError("no such permission of this citizen")
    _note(services, database, by, "grant", now, found[0].client_id)
    # If the commit fails later, too much has ended and never too little.
    services.ephemeral.drop_grant(str(grant_id))


def live_grants(
    connection: Connection | Session, account_id: UUID, *, now: datetime
) -> list[GrantView]:
    """Return the live permissions that the account's holder gave or has."""
    return grants.list_for(connection, account_id, now=now) + grants.list_given_by(
        connection, account_id, now=now
    )


def _note(  # noqa: PLR0913, PLR0917 - the stores, then who ended what
    services: Services,
    database: Session,
    by: Intervention,
    what: What,
    now: datetime,
    client_id: str | None = None,
) -> None:
    event = OfficerEnded(
        by.account_id,
        by.officer.id,
        by.officer.unit.id,
        what,
        client_id,
        personal={"reason": by.because},
    )
    services.audit.record(database, event, now=now)
