"""Officers' passkeys: WebAuthn with a verified user, under handles of their own.

The RP ID is the citizens' too, so a device may hold both kinds; tables and user handles
are apart, and neither signs in where the other does.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.staff_events import (
    StaffPasskeyEnrolled,
    StaffPasskeyHeld,
    StaffPasskeyRetired,
)
from idp.factors import passkey, passkey_answers, passkey_challenges
from idp.factors.passkey_answers import NewPasskey, PasskeyRefusedError, Seen
from idp.factors.passkey_site import PasskeySite
from idp.staff.errors import StaffChangeError, StaffSignInError, UnverifiedPasskeyError
from idp.staff.models import StaffAccount, StaffPasskey
from idp.storage.ephemeral import EphemeralStore

MAX_LABEL = 64


@dataclass(frozen=True, slots=True)
class KnownStaffPasskey:
    """One passkey of an officer, as ceremonies and pages need it."""

    id: UUID
    staff_id: UUID
    webauthn_id: bytes
    public_key: bytes
    transports: tuple[str, ...]
    is_backup_eligible: bool
    label: str
    created_at: datetime
    last_used_at: datetime | None
    held_at: datetime | None


_KNOWN: Any = sa.select(
    StaffPasskey.id,
    StaffPasskey.staff_id,
    StaffPasskey.webauthn_id,
    StaffPasskey.public_key,
    StaffPasskey.transports,
    StaffPasskey.is_backup_eligible,
    StaffPasskey.label,
    StaffPasskey.created_at,
    StaffPasskey.last_used_at,
    StaffPasskey.held_at,
).where(StaffPasskey.retired_at.is_(None))


def staff_site(site: PasskeySite) -> PasskeySite:
    """Return the site under which officers' handles are never citizens'."""
    key = hmac.new(site.handle_key, b"staff", hashlib.sha256).digest()
    return replace(site, handle_key=key)


def check_new(
    ephemeral: EphemeralStore,
    site: PasskeySite,
    *,
    answer: str,
    binding: str,
    now: datetime,
) -> NewPasskey:
    """Return a new passkey that verified its user, ready for `add`."""
    new = passkey.check_enrolment(
        ephemeral, site, answer=answer, binding=binding, now=now
    )
    if not new.seen.is_user_verified:
        raise UnverifiedPasskeyError("no PIN, finger or face was asked")
    return new


def check_use(  # noqa: PLR0913 - the stores, then the proof
    connection: Connection,
    ephemeral: EphemeralStore,
    site: PasskeySite,
    *,
    answer: str,
    binding: str,
    now: datetime,
) -> tuple[KnownStaffPasskey, Seen]:
    """Return which officer's passkey answered; every refusal is one error.

    Raises `StaffSignInError` for an unknown passkey, a citizen's, a held one, and one
    of an account that is not active, after the same work each time.
    """
    try:
        read = passkey_answers.read(answer)
        if not passkey_challenges.take(
            ephemeral, "first", read.unverified_challenge, binding=binding, now=now
        ):
            raise StaffSignInError(detail="challenge")
        known = _find(connection, read.unverified_id)
        key = known.public_key if known else passkey.NOBODY
        seen = passkey_answers.check_use(read, site, key, needs_user=True)
    except PasskeyRefusedError as error:
        raise StaffSignInError(detail=error.detail) from error
    if known is None:
        raise StaffSignInError(detail="unknown")
    if read.unverified_handle != site.user_handle(known.staff_id):
        raise StaffSignInError(detail="user_handle")
    if known.held_at is not None:
        raise StaffSignInError(detail="held")
    if seen.is_backup_eligible != known.is_backup_eligible:
        raise StaffSignInError(detail="backup_eligibility_changed")
    return known, seen


def use(
    session: Session,
    audit: AuditLog,
    known: KnownStaffPasskey,
    seen: Seen,
    *,
    now: datetime,
) -> bool:
    """Note a use; a counter that goes back holds the passkey for good.

    False is to be committed too (WebAuthn Level 3 §6.1.1).
    """
    count = StaffPasskey.sign_count
    is_zero = sa.and_(count == 0, sa.literal(seen.sign_count) == 0)
    moved = session.execute(
        sa.update(StaffPasskey)
        .where(
            StaffPasskey.id == known.id,
            StaffPasskey.retired_at.is_(None),
            sa.or_(count < seen.sign_count, is_zero),
        )
        .values(sign_count=seen.sign_count, last_used_at=now)
        .returning(StaffPasskey.id)
    ).first()
    if moved is not None:
        return True
    session.execute(
        sa.update(StaffPasskey).where(StaffPasskey.id == known.id).values(held_at=now)
    )
    audit.record(session, StaffPasskeyHeld(known.staff_id, known.id), now=now)
    return False


def add(  # noqa: PLR0913 - the stores, then the passkey
    session: Session,
    audit: AuditLog,
    staff_id: UUID,
    new: NewPasskey,
    *,
    label: str,
    now: datetime,
) -> UUID:
    """Keep a new passkey; raises `StaffChangeError` if an officer has it already."""
    passkey_id = uuid4()
    row = StaffPasskey(
        id=passkey_id,
        staff_id=staff_id,
        webauthn_id=new.webauthn_id,
        public_key=new.public_key,
        sign_count=new.seen.sign_count,
        aaguid=new.aaguid,
        transports=list(new.transports),
        is_backup_eligible=new.seen.is_backup_eligible,
        attestation=new.attestation,
        label=label[:MAX_LABEL],
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except sa.exc.IntegrityError as error:
        raise StaffChangeError("this passkey is known already") from error
    audit.record(session, StaffPasskeyEnrolled(staff_id, passkey_id), now=now)
    return passkey_id


def list_for(
    connection: Connection | Session, staff_id: UUID
) -> list[KnownStaffPasskey]:
    """Return the officer's passkeys, oldest first."""
    query = _KNOWN.where(StaffPasskey.staff_id == staff_id).order_by(
        StaffPasskey.created_at, StaffPasskey.id
    )
    return [_known(row) for row in connection.execute(query)]


def retire(
    session: Session,
    audit: AuditLog,
    staff_id: UUID,
    passkey_id: UUID,
    *,
    now: datetime,
) -> None:
    """Take one passkey out of use, unless it is the last that works."""
    session.execute(  # of two that are removed at once, one must see the other
        sa.select(StaffAccount.id).where(StaffAccount.id == staff_id).with_for_update()
    )
    working = [item for item in list_for(session, staff_id) if item.held_at is None]
    if not any(item.id != passkey_id for item in working):
        raise StaffChangeError("the last passkey stays")
    mine = sa.and_(StaffPasskey.staff_id == staff_id, StaffPasskey.id == passkey_id)
    if not _retire(session, audit, mine, "officer", now):
        raise StaffChangeError("no such passkey of this officer")


def retire_all(
    session: Session, audit: AuditLog, staff_id: UUID, *, reason: str, now: datetime
) -> None:
    """Take every passkey of an officer out of use."""
    _retire(session, audit, StaffPasskey.staff_id == staff_id, reason, now)


def _retire(
    session: Session,
    audit: AuditLog,
    condition: sa.ColumnElement[bool],
    reason: str,
    now: datetime,
) -> bool:
    retired = session.execute(
        sa.update(StaffPasskey)
        .where(condition, StaffPasskey.retired_at.is_(None))
        .values(retired_at=now)
        .returning(StaffPasskey.id, StaffPasskey.staff_id)
    ).all()
    for row in retired:
        event = StaffPasskeyRetired(row.staff_id, row.id, reason)
        audit.record(session, event, now=now)
    return bool(retired)


def _find(connection: Connection, webauthn_id: bytes) -> KnownStaffPasskey | None:
    query = _KNOWN.join(StaffAccount, StaffAccount.id == StaffPasskey.staff_id).where(
        StaffPasskey.webauthn_id == webauthn_id, StaffAccount.state == "active"
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else _known(row)


def _known(row: Any) -> KnownStaffPasskey:
    values = row._asdict()
    return KnownStaffPasskey(**values | {"transports": tuple(values["transports"])})
