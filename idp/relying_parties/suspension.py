"""Suspending a portal: at once, with a reason, and everything stays for its return.

While it lasts nobody signs in there and its tokens are refused; permissions, secrets
and keys go on.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.registration_events import ClientResumed, ClientSuspended
from idp.relying_parties.errors import UnknownClientError
from idp.relying_parties.models import RelyingPartyRecord


def suspend(  # noqa: PLR0913 - the stores, then whom, why, by whom
    session: Session,
    audit: AuditLog,
    client_id: str,
    reason: str,
    *,
    by: str,
    now: datetime,
) -> None:
    """Suspend a client; raises `UnknownClientError` for one that is so already."""
    _set(session, client_id, was=False, suspended_at=now, suspension=reason)
    audit.record(session, ClientSuspended(client_id, reason, by), now=now)


def resume(
    session: Session, audit: AuditLog, client_id: str, *, by: str, now: datetime
) -> None:
    """End a suspension; raises `UnknownClientError` where there is none."""
    _set(session, client_id, was=True, suspended_at=None, suspension=None)
    audit.record(session, ClientResumed(client_id, by), now=now)


def _set(
    session: Session,
    client_id: str,
    *,
    was: bool,
    suspended_at: datetime | None,
    suspension: str | None,
) -> None:
    since = RelyingPartyRecord.suspended_at
    changed = session.execute(
        sa.update(RelyingPartyRecord)
        .where(
            RelyingPartyRecord.client_id == client_id,
            RelyingPartyRecord.removed_at.is_(None),
            since.is_not(None) if was else since.is_(None),
        )
        .values(suspended_at=suspended_at, suspension=suspension)
        .returning(RelyingPartyRecord.client_id)
    ).one_or_none()
    if changed is None:
        state = "suspended" if was else "at work"
        raise UnknownClientError(f"no client {client_id!r} is {state}")
