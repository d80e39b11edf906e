"""The rows of passkeys: one in `credentials` and one in `passkeys` each.

A counter that goes back tells of a copy (WebAuthn Level 3 §6.1.1): the passkey is then
held for good, so that neither copy proves anything, and its owner sees why.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.factor_events import CredentialEnrolled, CredentialUsed, PasskeySuspended
from idp.audit.log import AuditLog
from idp.factors.models import Credential, Passkey
from idp.factors.passkey_answers import NewPasskey, Seen
from idp.storage.prepared import Prepared

KINDS = ("passkey", "security_key")
SUSPENDED = datetime(9999, 1, 1, tzinfo=UTC)
MAX_LABEL = 64


@dataclass(frozen=True, slots=True)
class KnownPasskey:
    """One enrolled passkey, as a ceremony needs it."""

    credential_id: UUID
    account_id: UUID
    kind: str
    webauthn_id: bytes
    public_key: bytes
    transports: tuple[str, ...]
    is_backup_eligible: bool
    usable_from: datetime | None

    def is_usable(self, now: datetime) -> bool:
        """Say whether it proves anything now."""
        return self.usable_from is None or self.usable_from <= now


_KNOWN: Any = sa.select(
    Credential.id,
    Credential.account_id,
    Credential.kind,
    Passkey.webauthn_id,
    Passkey.public_key,
    Passkey.transports,
    Passkey.is_backup_eligible,
    Credential.usable_from,
).join(Passkey, Passkey.credential_id == Credential.id)


_FIND = Prepared(
    _KNOWN.where(
        Passkey.webauthn_id == sa.bindparam("webauthn_id"),
        Credential.retired_at.is_(None),
    )
)
_seen_count = sa.bindparam("seen_count", type_=sa.BigInteger())
_MOVE = Prepared(
    sa.update(Passkey)
    .where(
        Passkey.credential_id == sa.bindparam("of_credential"),
        sa.or_(
            Passkey.sign_count < _seen_count,
            sa.and_(Passkey.sign_count == 0, _seen_count == 0),
        ),
    )
    .values(sign_count=_seen_count, is_backed_up=sa.bindparam("seen_backup"))
    .returning(Passkey.credential_id)
)
_NOTE_USE = Prepared(
    sa.update(Credential)
    .where(Credential.id == sa.bindparam("of_credential"))
    .values(last_used_at=sa.bindparam("used_at"))
)


def find(connection: Connection | Session, webauthn_id: bytes) -> KnownPasskey | None:
    """Return the enrolled passkey of this id, whosever it is."""
    row = _FIND.find(connection, {"webauthn_id": webauthn_id})
    return None if row is None else _known(row)


def list_for(connection: Connection | Session, account_id: UUID) -> list[KnownPasskey]:
    """Return the account's enrolled passkeys, oldest first."""
    query = _KNOWN.where(
        Credential.account_id == account_id, Credential.retired_at.is_(None)
    ).order_by(Credential.created_at, Credential.id)
    return [_known(row) for row in connection.execute(query)]


def add(  # noqa: PLR0913 - the stores, then the passkey
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    new: NewPasskey,
    *,
    label: str,
    usable_from: datetime | None,
    now: datetime,
) -> UUID | None:
    """Keep a new passkey; None if its id is known already, whosever it is."""
    taken = sa.select(Passkey.credential_id).where(
        Passkey.webauthn_id == new.webauthn_id
    )
    if session.execute(taken).first() is not None:
        return None
    credential_id = uuid4()
    kind = "passkey" if new.seen.is_user_verified else "security_key"
    session.add(
        Credential(
            id=credential_id,
            account_id=account_id,
            kind=kind,
            label=label[:MAX_LABEL],
            created_at=now,
            usable_from=usable_from,
        )
    )
    session.flush()  # its passkey names it
    session.add(
        Passkey(
            credential_id=credential_id,
            webauthn_id=new.webauthn_id,
            public_key=new.public_key,
            sign_count=new.seen.sign_count,
            aaguid=new.aaguid,
            transports=list(new.transports),
            is_backup_eligible=new.seen.is_backup_eligible,
            is_backed_up=new.seen.is_backed_up,
            attestation=new.attestation,
        )
    )
    audit.record(session, CredentialEnrolled(account_id, credential_id, kind), now=now)
    return credential_id


def use(
    session: Session, audit: AuditLog, known: KnownPasskey, seen: Seen, *, now: datetime
) -> bool:
    """Note a use and say whether its counter went on; if not, hold the passkey.

    An authenticator without a counter answers 0 each time (§6.1.1).
    """
    moved = _MOVE.find(
        session,
        {
            "of_credential": known.credential_id,
            "seen_count": seen.sign_count,
            "seen_backup": seen.is_backed_up,
        },
    )
    if moved is None:
        session.execute(
            sa.update(Credential)
            .where(Credential.id == known.credential_id)
            .values(usable_from=SUSPENDED)
        )
        held = PasskeySuspended(known.account_id, known.credential_id)
        audit.record(session, held, now=now)
        return False
    _NOTE_USE.run(session, {"of_credential": known.credential_id, "used_at": now})
    used = CredentialUsed(known.account_id, known.credential_id, known.kind)
    audit.record(session, used, now=now)
    return True


def rename(session: Session, account_id: UUID, credential_id: UUID, label: str) -> bool:
    """Give a passkey of the account another name; False if it is none of its."""
    renamed = session.execute(
        sa.update(Credential)
        .where(
            Credential.id == credential_id,
            Credential.account_id == account_id,
            Credential.kind.in_(KINDS),
            Credential.retired_at.is_(None),
        )
        .values(label=label[:MAX_LABEL])
        .returning(Credential.id)
    ).first()
    return renamed is not None


def _known(row: Any) -> KnownPasskey:
    values = row._asdict()
    values["credential_id"] = values.pop("id")
    return KnownPasskey(**values | {"transports": tuple(values["transports"])})
