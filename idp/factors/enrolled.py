"""Which factors an account has enrolled beside its password."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.factor_events import CredentialRetired
from idp.audit.log import AuditLog
from idp.errors import NotFoundError
from idp.factors.models import Credential


@dataclass(frozen=True, slots=True)
class EnrolledFactor:
    """One enrolled credential, as its owner sees it."""

    id: UUID
    kind: str
    label: str
    created_at: datetime
    last_used_at: datetime | None
    usable_from: datetime | None

    def is_usable(self, now: datetime) -> bool:
        """Say whether it proves anything now, or is held back."""
        return self.usable_from is None or self.usable_from <= now


def enrolled_kinds(
    connection: Connection | Session, account_id: UUID
) -> frozenset[str]:
    """Return `totp` and `sms`, as far as they are enrolled."""
    return frozenset(item.kind for item in list_enrolled(connection, account_id))


def usable_kinds(
    connection: Connection | Session, account_id: UUID, *, now: datetime
) -> frozenset[str]:
    """Return the kinds that could be proven now: enrolled, and not held back."""
    query = sa.select(Credential.kind).where(
        Credential.account_id == account_id,
        Credential.retired_at.is_(None),
        sa.or_(Credential.usable_from.is_(None), Credential.usable_from <= now),
    )
    return frozenset(connection.execute(query).scalars())


def list_enrolled(
    connection: Connection | Session, account_id: UUID
) -> list[EnrolledFactor]:
    """Return the account's credentials that are in use, oldest first."""
    query = (
        sa.select(
            Credential.id,
            Credential.kind,
            Credential.label,
            Credential.created_at,
            Credential.last_used_at,
            Credential.usable_from,
        )
        .where(Credential.account_id == account_id, Credential.retired_at.is_(None))
        .order_by(Credential.created_at, Credential.id)
    )
    return [EnrolledFactor(*row) for row in connection.execute(query)]


def last_used(
    connection: Connection | Session, account_id: UUID
) -> dict[str, datetime]:
    """Return when each kind of credential was last used, where it ever was."""
    times: dict[str, datetime] = {}
    for item in list_enrolled(connection, account_id):
        if item.last_used_at:
            earlier = times.get(item.kind, item.last_used_at)
            times[item.kind] = max(earlier, item.last_used_at)
    return times


def retire(
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    credential_id: UUID,
    *,
    now: datetime,
) -> None:
    """Take a credential out of use and forget its secret."""
    kind = session.execute(
        sa.update(Credential)
        .where(
            Credential.id == credential_id,
            Credential.account_id == account_id,
            Credential.retired_at.is_(None),
        )
        .values(retired_at=now, secret_sealed=None)
        .returning(Credential.kind)
    ).scalar_one_or_none()
    if kind is None:
        raise NotFoundError("no such credential")
    audit.record(session, CredentialRetired(account_id, credential_id, kind), now=now)
