"""One-time links by which an officer enrols the first passkey, or one after a loss.

Only the newest link of an officer works. A link that two administrators gave has a code
as its second half: neither of the two holds both.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.staff_events import StaffLinkIssued, StaffLinkUsed
from idp.config.staff import StaffConfig
from idp.factors.passkey_answers import NewPasskey
from idp.staff import passkeys
from idp.staff.models import StaffAccount, StaffInvitation
from idp.staff.officer import open_name
from keys.sealing import BlindIndex, Sealer

Purpose = Literal["invite", "rescue"]
# No vowels and no look-alikes: easy to read out, and never a word.
_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is handed over, once."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenLink:
    """Whom a live link is for."""

    staff_id: UUID
    name: str
    purpose: str
    needs_code: bool
    expires_at: datetime


def new_code() -> str:
    """Return a code to read out: two groups of four, 38 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(2))
    return "-".join(groups)


def code_digest(sealer: Sealer, code: str, staff_id: UUID) -> BlindIndex:
    """Return what is kept of a code; it is typed in any grouping."""
    letters = "".join(sign for sign in code.upper() if sign.isalnum())
    return sealer.index(letters, context=f"staff.code:{staff_id}")


def issue(  # noqa: PLR0913 - the stores, then the link
    session: Session,
    audit: AuditLog,
    config: StaffConfig,
    staff_id: UUID,
    purpose: Purpose,
    *,
    by: str,
    code: bytes | None = None,
    now: datetime,
) -> Link:
    """Issue a link; every earlier one of this officer is dead from now on."""
    end_open(session, staff_id, now=now)
    seconds = config.invitation if purpose == "invite" else config.rescue
    link = Link(secrets.token_urlsafe(32), now + timedelta(seconds=seconds))
    session.add(
        StaffInvitation(
            digest=_digest(link.token),
            staff_id=staff_id,
            purpose=purpose,
            code_digest=code,
            wrong_codes=0,
            created_at=now,
            expires_at=link.expires_at,
        )
    )
    audit.record(session, StaffLinkIssued(staff_id, purpose, by), now=now)
    return link


def end_open(session: Session, staff_id: UUID, *, now: datetime) -> None:
    """End every link of an officer that was not used."""
    session.execute(
        sa.update(StaffInvitation)
        .where(StaffInvitation.staff_id == staff_id, StaffInvitation.ended_at.is_(None))
        .values(ended_at=now)
    )


def find(
    connection: Connection, sealer: Sealer, token: str, *, now: datetime
) -> OpenLink | None:
    """Return whom a live link is for; it is not used up by being opened."""
    query = (
        sa.select(
            StaffInvitation.staff_id,
            StaffInvitation.purpose,
            StaffInvitation.code_digest,
            StaffInvitation.expires_at,
            StaffAccount.name_sealed,
        )
        .join(StaffAccount, StaffAccount.id == StaffInvitation.staff_id)
        .where(*_live(token, now), StaffAccount.state != "disabled")
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    name = open_name(sealer, row.name_sealed, row.staff_id)
    has_code = row.code_digest is not None
    return OpenLink(row.staff_id, name, row.purpose, has_code, row.expires_at)


def use(  # noqa: PLR0913 - the stores, then the link and what it brings
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    config: StaffConfig,
    *,
    token: str,
    code: str,
    new: NewPasskey,
    label: str,
    now: datetime,
) -> bool:
    """Use the link up for this passkey: of parallel callers exactly one does.

    False is to be committed too: a wrong code counts, and enough of them end the link.
    """
    row = session.execute(
        sa.select(StaffInvitation).where(*_live(token, now)).with_for_update()
    ).scalar_one_or_none()
    if row is None:
        return False
    sent = code_digest(sealer, code, row.staff_id)
    if row.code_digest and not any(
        hmac.compare_digest(row.code_digest, version) for version in sent.versions
    ):
        row.wrong_codes += 1
        if row.wrong_codes >= config.link_codes:
            row.ended_at = now
        return False
    activated = session.execute(
        sa.update(StaffAccount)
        .where(StaffAccount.id == row.staff_id, StaffAccount.state != "disabled")
        .values(state="active")
        .returning(StaffAccount.id)
    ).first()
    if activated is None:
        return False
    row.ended_at = now
    passkeys.add(session, audit, row.staff_id, new, label=label, now=now)
    audit.record(session, StaffLinkUsed(row.staff_id, row.purpose), now=now)
    return True


def _live(token: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        StaffInvitation.digest == _digest(token),
        StaffInvitation.ended_at.is_(None),
        StaffInvitation.expires_at > now,
    )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
