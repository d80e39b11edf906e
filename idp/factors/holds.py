"""Factors held back for a while: after a new phone, SIM or device, or a way back in.

Whoever has just taken something over cannot use it at once, and its owner, who was
told, has the time to object. A held factor proves nothing, and still counts as
enrolled: it never makes less proof enough.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import contacts
from idp.audit.factor_events import CredentialHeld
from idp.audit.log import AuditLog
from idp.factors.models import Credential
from keys.sealing import Sealer


def hold(  # noqa: PLR0913 - the stores, then the decision
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    kind: str,
    *,
    until: datetime,
    ground: str,
    now: datetime,
) -> None:
    """Hold the account's credentials of a kind back until then, if not longer yet."""
    held = session.execute(
        sa.update(Credential)
        .where(
            Credential.account_id == account_id,
            Credential.kind == kind,
            Credential.retired_at.is_(None),
            sa.or_(Credential.usable_from.is_(None), Credential.usable_from < until),
        )
        .values(usable_from=until)
        .returning(Credential.id)
    ).scalars()
    for credential_id in held.all():
        event = CredentialHeld(
            account_id, credential_id, kind, ground, until.isoformat()
        )
        audit.record(session, event, now=now)


def held_until(
    connection: Connection | Session, account_id: UUID, kind: str, *, now: datetime
) -> datetime | None:
    """Return until when every credential of this kind is held back, or None."""
    query = sa.select(Credential.usable_from).where(
        Credential.account_id == account_id,
        Credential.kind == kind,
        Credential.retired_at.is_(None),
    )
    moments = connection.execute(query).scalars().all()
    held = [moment for moment in moments if moment is not None and moment > now]
    return min(held) if held and len(held) == len(moments) else None


def change_phone(  # noqa: PLR0913 - the stores, then the change
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    phone: str,
    *,
    held_until: datetime,
    now: datetime,
) -> str | None:
    """Give the account another phone, hold codes to it back, return the former one."""
    former = contacts.change_phone(session, audit, sealer, account_id, phone, now=now)
    hold(
        session,
        audit,
        account_id,
        "sms",
        until=held_until,
        ground="phone_changed",
        now=now,
    )
    return former
