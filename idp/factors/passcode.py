"""The passcode: six digits that confirm what a signed-in citizen does.

It is knowledge as the password is, and too short to count beside it: it lifts no level
(Decree 69/2024 art. 20), opens no sign-in and is never told to anyone. Argon2id alone
would not protect six digits from whoever has the table, so the hash is sealed too.
"""

from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.factor_events import CredentialEnrolled, CredentialUsed
from idp.audit.log import AuditLog
from idp.factors import enrolled
from idp.factors.models import Credential
from idp.factors.passcode_rules import DIGITS
from idp.factors.password import PasswordPool
from idp.factors.results import VerifiedFactor
from idp.storage.database import Database
from keys.sealing import Sealer

KIND: Final = "passcode"


def hash_passcode(pool: PasswordPool, passcode: str) -> str:
    """Return the encoded hash of a new passcode."""
    return pool.hash(passcode, shortest=DIGITS)


def enrol(  # noqa: PLR0913 - the stores, then the change
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    account_id: UUID,
    passcode_hash: str,
    *,
    now: datetime,
) -> UUID:
    """Give the account a passcode; the former one, if any, ends."""
    for factor in enrolled.list_enrolled(session, account_id):
        if factor.kind == KIND:
            enrolled.retire(session, audit, account_id, factor.id, now=now)
    credential_id = uuid4()
    sealed = sealer.seal(passcode_hash.encode(), context=_context(credential_id))
    session.add(
        Credential(
            id=credential_id,
            account_id=account_id,
            kind=KIND,
            label="",
            secret_sealed=sealed,
            created_at=now,
        )
    )
    session.flush()
    event = CredentialEnrolled(account_id, credential_id, KIND)
    audit.record(session, event, now=now)
    return credential_id


def prove(  # noqa: PLR0913 - the stores, then the proof
    database: Database,
    sealer: Sealer,
    pool: PasswordPool,
    audit: AuditLog,
    *,
    account_id: UUID,
    passcode: str,
    now: datetime,
) -> VerifiedFactor | None:
    """Verify the passcode of an account that has proven other factors already.

    No connection is held while the hash runs.
    """
    with database.read() as connection:
        found = _find(connection, account_id, now=now)
    known = None
    if found is not None:
        known = sealer.open(found[1], context=_context(found[0])).decode()
    if not pool.verify(known, passcode) or found is None:
        return None
    with database.transaction() as session:
        used = session.execute(
            sa.update(Credential)
            .where(Credential.id == found[0], Credential.retired_at.is_(None))
            .values(last_used_at=now)
            .returning(Credential.id)
        ).all()
        if not used:
            return None
        audit.record(session, CredentialUsed(account_id, found[0], KIND), now=now)
    return VerifiedFactor(KIND, now, found[0])


def _find(
    connection: Connection, account_id: UUID, *, now: datetime
) -> tuple[UUID, bytes] | None:
    query = sa.select(Credential.id, Credential.secret_sealed).where(
        Credential.account_id == account_id,
        Credential.kind == KIND,
        Credential.retired_at.is_(None),
        sa.or_(Credential.usable_from.is_(None), Credential.usable_from <= now),
    )
    row = connection.execute(query.limit(1)).one_or_none()
    return (row.id, row.secret_sealed) if row and row.secret_sealed else None


def _context(credential_id: UUID) -> str:
    return f"credentials.passcode:{credential_id}"
