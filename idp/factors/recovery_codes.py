"""Recovery codes: ten to write down, each good once, for a day without anything else.

A code has about 47 random bits, few enough to be searched for: only its HMAC under a
server key is kept, so a stolen database tells none. Trying is `throttle`'s affair.
"""

import re
import secrets
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account
from idp.audit.factor_events import RecoveryCodesMade, RecoveryCodeUsed
from idp.audit.log import AuditLog
from idp.errors import NotFoundError
from idp.factors.models import RecoveryCode
from idp.factors.results import VerifiedFactor
from keys.sealing import BlindIndex, Sealer

CODES = 10
# No vowels and nothing that looks like something else when written by hand.
_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"
_GROUP = 5
_LENGTH = 2 * _GROUP
_MAX_TYPED = 64


def make(
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    *,
    now: datetime,
) -> tuple[str, ...]:
    """Return ten new codes, to be shown once; every former one ends."""
    _wait_in_line(session, account_id, now)
    session.execute(
        sa.delete(RecoveryCode).where(RecoveryCode.account_id == account_id)
    )
    codes = tuple(_new_code() for _ in range(CODES))
    session.add_all(
        RecoveryCode(
            digest=_digest(sealer, account_id, code),
            account_id=account_id,
            created_at=now,
        )
        for code in codes
    )
    audit.record(session, RecoveryCodesMade(account_id, CODES), now=now)
    return tuple(f"{code[:_GROUP]}-{code[_GROUP:]}" for code in codes)


def verify(  # noqa: PLR0913 - the stores, then the proof
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    *,
    code: str,
    now: datetime,
) -> VerifiedFactor | None:
    """Use a code up: of parallel tries exactly one succeeds."""
    letters = re.sub(r"[\W_]", "", code[:_MAX_TYPED]).upper()
    if len(letters) != _LENGTH:
        return None
    used = session.execute(
        sa.update(RecoveryCode)
        .where(
            RecoveryCode.digest.in_(_digest(sealer, account_id, letters).versions),
            RecoveryCode.account_id == account_id,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.account_id)
    ).all()
    if not used:
        return None
    left = remaining(session, account_id)
    audit.record(session, RecoveryCodeUsed(account_id, left), now=now)
    return VerifiedFactor("recovery", now)


def remaining(connection: Connection | Session, account_id: UUID) -> int:
    """Return how many codes are still good."""
    query = (
        sa.select(sa.func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    )
    return connection.execute(query).scalar_one()


def _wait_in_line(session: Session, account_id: UUID, now: datetime) -> None:
    # Writing the row first makes parallel wishes of one account wait for each other.
    found = session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(updated_at=now)
        .returning(Account.id)
    ).all()
    if not found:
        raise NotFoundError("no such account")


def _new_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def _digest(sealer: Sealer, account_id: UUID, code: str) -> BlindIndex:
    return sealer.index(code, context=f"recovery_codes:{account_id}")
