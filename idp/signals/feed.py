"""The one hook: what is written to the audit log is queued for those who may hear it.

It happens in the transaction of the effect, so that neither is without the other.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from idp.accounts.models import Lock
from idp.audit.event import Event
from idp.audit.events import ClientRemoved, LockLifted, SessionEnded
from idp.authentication.models import SessionRecord
from idp.authentication.outbox import Services
from idp.authentication.session import sid
from idp.authentication.written import tell_once_written
from idp.consent.models import Grant
from idp.relying_parties.metadata import CLIENT_CREDENTIALS
from idp.signals import kinds, streams
from idp.signals.delivery import SIGNALS
from idp.signals.models import SignalNotice, SignalStream


def record(
    services: Services, database: DatabaseSession, event: Event, *, now: datetime
) -> None:
    """Queue what an event tells to every stream that wants it and may have it."""
    if isinstance(event, ClientRemoved):  # one that comes back begins anew
        streams.remove(database, event.client_id)
    found = kinds.told(event)
    if found is None or event.account_id is None or _still_locked(database, event):
        return
    kind, members = found
    for row in _listening(database, event, now):
        if kind in row.events and _may_ask(services, row.client_id):
            notice = SignalNotice(
                account_id=event.account_id,
                client_id=row.client_id,
                subject=_subject(services, event, row),
                event=kind,
                members={**members, "event_timestamp": int(now.timestamp())},
                created_at=now,
                due_at=now if row.status == "enabled" and row.endpoint_url else None,
            )
            queue(services, database, notice)


def queue(services: Services, database: DatabaseSession, notice: SignalNotice) -> None:
    """Keep the notice, and have it told once its transaction is written."""
    database.add(notice)
    if notice.due_at is not None:
        tell_once_written(services, SIGNALS, database, notice.client_id)


def _still_locked(database: DatabaseSession, event: Event) -> bool:
    """Say whether another ground holds: the account is not enabled yet."""
    if not isinstance(event, LockLifted):
        return False
    others = sa.select(Lock.id).where(
        Lock.account_id == event.account_id, Lock.lifted_at.is_(None)
    )
    return database.execute(others.limit(1)).first() is not None


def _listening(database: DatabaseSession, event: Event, now: datetime) -> list[Any]:
    """Return the streams of portals that the citizen allows something as of now."""
    rows = database.execute(
        sa.select(
            SignalStream.client_id,
            SignalStream.events,
            SignalStream.status,
            SignalStream.endpoint_url,
            Grant.subject,
        )
        .join(Grant, Grant.client_id == SignalStream.client_id)
        .where(
            Grant.account_id == event.account_id,
            # What ends this very moment, with the account, is told to whom it ended.
            sa.or_(Grant.ended_at.is_(None), Grant.ended_at >= now),
            Grant.expires_at > now,
            SignalStream.status != "disabled",
        )
    ).all()
    unique = list({row.client_id: row for row in rows}.values())
    if isinstance(event, SessionEnded):
        reached = database.get(SessionRecord, event.session_id)
        names = reached.client_ids if reached else []
        return [row for row in unique if row.client_id in names]
    return unique


def _may_ask(services: Services, client_id: str) -> bool:
    party = services.relying_parties.find(client_id)
    return party is not None and CLIENT_CREDENTIALS in party.grant_types


def _subject(services: Services, event: Event, row: Any) -> dict[str, Any]:
    """Return whom it is about (RFC 9493 §3.2.3), and which session (SSF 1.0 §3.2)."""
    user = {"format": "iss_sub", "iss": services.config.issuer, "sub": row.subject}
    party = services.relying_parties.find(row.client_id)
    if not isinstance(event, SessionEnded) or party is None:
        return user
    name = sid(services.secrets.key("sid"), event.session_id, party.sector)
    session = {"format": "opaque", "id": name}
    return {"format": "complex", "user": user, "session": session}
