"""Telling portals that a citizen is signed out (OIDC Back-Channel Logout 1.0).

What is to be told is written with the sign-out itself, so that no crash loses it;
`outbox` tells it behind the answer.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from idp.accounts import principals
from idp.accounts.identifiers import find_subject
from idp.authentication import acting
from idp.authentication.logout_outbox import LOGOUTS
from idp.authentication.models import LogoutNotice, SessionRecord
from idp.authentication.outbox import Services
from idp.authentication.session import Session, sid
from idp.authentication.written import tell_once_written
from idp.relying_parties.record import RelyingParty


def session_ended(
    services: Services,
    database: DatabaseSession,
    session: Session,
    reached: Collection[str],
    *,
    now: datetime,
) -> None:
    """Have the portals that the session reached told of its end.

    Where the citizen may have acted for others the `sub` that the portal has is not
    theirs: the `sid` alone tells of the session, and the others' own ones stay.
    """
    for party in _listening(services, reached):
        name = sid(services.secrets.key("sid"), session.id, party.sector)
        for subject in _subjects(database, session, party, now=now):
            notice = _notice(party, session.account_id, subject, name, now)
            _queue(services, database, notice)


def account_stopped(
    services: Services,
    database: DatabaseSession,
    account_id: UUID,
    client_ids: Collection[str],
    *,
    now: datetime,
) -> None:
    """Have every one of these portals end whatever session it still keeps.

    A portal's own session may outlive ours; one that wants a `sid` is told each that
    may still be known to it.
    """
    for party in _listening(services, client_ids):
        subject = find_subject(database.connection(), account_id, party.sector)
        if subject is None:
            continue
        names: list[str | None] = [None]
        if party.backchannel_logout_session_required:
            names = [*_late_names(services, database, account_id, party, now=now)]
        for name in names:
            notice = _notice(party, account_id, subject, name, now)
            _queue(services, database, notice)


def _notice(
    party: RelyingParty,
    account_id: UUID,
    subject: str | None,
    name: str | None,
    now: datetime,
) -> LogoutNotice:
    return LogoutNotice(
        account_id=account_id,
        client_id=party.client_id,
        subject=subject,
        sid=name,
        due_at=now,
    )


def _listening(services: Services, client_ids: Collection[str]) -> list[RelyingParty]:
    found = (services.relying_parties.find(name) for name in client_ids)
    return [party for party in found if party and party.backchannel_logout_uri]


def _subjects(
    database: DatabaseSession, session: Session, party: RelyingParty, *, now: datetime
) -> list[str | None]:
    """Return by which `sub` the portal may know the session; None names none."""
    connection, account_id = database.connection(), session.account_id
    own = find_subject(connection, account_id, party.sector)
    known: list[str | None] = [] if own is None else [own]
    asked = {kind for scope, kind in acting.SCOPES.items() if scope in party.scopes}
    if asked and principals.list_for(connection, account_id, asked, now=now):
        known.append(None)
    return known or [None]  # whoever it was for then, the session is over


def _queue(services: Services, database: DatabaseSession, notice: LogoutNotice) -> None:
    """Have it told once the sign-out itself is written."""
    database.add(notice)
    tell_once_written(services, LOGOUTS, database, notice.client_id)


def _late_names(
    services: Services,
    database: DatabaseSession,
    account_id: UUID,
    party: RelyingParty,
    *,
    now: datetime,
) -> list[str]:
    since = now - timedelta(seconds=services.config.lifetimes.session_max)
    rows = database.execute(
        sa.select(SessionRecord.id, SessionRecord.client_ids).where(
            SessionRecord.account_id == account_id,
            SessionRecord.last_seen_at > since,
        )
    )
    secret = services.secrets.key("sid")
    return [
        sid(secret, row.id, party.sector)
        for row in rows
        if party.client_id in row.client_ids
    ]
