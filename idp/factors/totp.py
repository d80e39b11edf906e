"""Time-based one-time codes (RFC 6238) by pyotp: SHA-1, 30 seconds, six digits."""

import hmac
import re
from datetime import datetime
from uuid import UUID, uuid4

import pyotp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp import clock
from idp.audit.factor_events import CredentialEnrolled, CredentialUsed
from idp.audit.log import AuditLog
from idp.factors.models import Credential
from idp.factors.results import VerifiedFactor
from keys.sealing import Sealer

PERIOD = 30
_WINDOW = (-1, 0, 1)  # RFC 6238 §5.2: one step for slow fingers and clocks
_SIX_DIGITS = re.compile(r"[0-9]{6}")


def enrol(  # noqa: PLR0913 - the stores, then the credential
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    *,
    now: datetime,
    secret: str | None = None,
    label: str = "",
    counter: int | None = None,
    usable_from: datetime | None = None,
) -> str:
    """Enrol an authenticator app and return its base32 secret, to be shown once.

    `counter` is of the code that confirmed it, which is thereby used; before
    `usable_from` the app proves nothing.
    """
    secret = secret or new_secret()
    credential_id = uuid4()
    session.add(
        Credential(
            id=credential_id,
            account_id=account_id,
            kind="totp",
            label=label,
            secret_sealed=sealer.seal(secret.encode(), context=_context(credential_id)),
            last_counter=counter,
            created_at=now,
            usable_from=usable_from,
        )
    )
    audit.record(
        session, CredentialEnrolled(account_id, credential_id, "totp"), now=now
    )
    return secret


def new_secret() -> str:
    """Return a random secret for an app, 160 bits in base32 (RFC 4226 §4)."""
    return pyotp.random_base32()


def confirm(secret: str, otp: str, *, now: datetime) -> int | None:
    """Return the counter of a code that this secret makes now, or None."""
    digits = re.sub(r"\s", "", otp[:32])
    return (
        _matching_counter(secret, digits, now)
        if _SIX_DIGITS.fullmatch(digits)
        else None
    )


def provisioning_uri(secret: str, *, account_name: str, issuer: str) -> str:
    """Return the otpauth URI that authenticator apps read."""
    return pyotp.TOTP(secret, name=account_name, issuer=issuer).provisioning_uri()


def verify(  # noqa: PLR0913 - the stores, then the proof
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    *,
    otp: str,
    now: datetime,
) -> VerifiedFactor | None:
    """Accept a code of an enrolled app once: of parallel tries exactly one succeeds.

    A code and every earlier one are refused after it was used (RFC 6238 §5.2), and so
    is every code of an app that is held back.
    """
    digits = re.sub(r"\s", "", otp[:32])
    if not _SIX_DIGITS.fullmatch(digits):
        return None
    query = sa.select(Credential.id, Credential.secret_sealed).where(
        Credential.account_id == account_id,
        Credential.kind == "totp",
        Credential.retired_at.is_(None),
        sa.or_(Credential.usable_from.is_(None), Credential.usable_from <= now),
    )
    for row in session.execute(query).all():
        secret = sealer.open(row.secret_sealed, context=_context(row.id)).decode()
        counter = _matching_counter(secret, digits, now)
        if counter is not None and _use(session, row.id, counter, now):
            audit.record(session, CredentialUsed(account_id, row.id, "totp"), now=now)
            return VerifiedFactor("totp", now, row.id)
    return None


def _matching_counter(secret: str, digits: str, now: datetime) -> int | None:
    app = pyotp.TOTP(secret)
    current = clock.timestamp(now) // PERIOD
    matches = [
        current + step
        for step in _WINDOW
        if hmac.compare_digest(app.generate_otp(current + step), digits)
    ]
    return matches[-1] if matches else None


def _use(session: Session, credential_id: UUID, counter: int, now: datetime) -> bool:
    used = session.execute(
        sa.update(Credential)
        .where(
            Credential.id == credential_id,
            Credential.retired_at.is_(None),
            sa.or_(
                Credential.last_counter.is_(None), Credential.last_counter < counter
            ),
        )
        .values(last_counter=counter, last_used_at=now)
        .returning(Credential.id)
    ).all()
    return bool(used)


def _context(credential_id: UUID) -> str:
    return f"credentials.secret:{credential_id}"
