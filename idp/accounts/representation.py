"""Guardians and wards: who may act for whom (Decree 69/2024 art. 10, 14.2)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.lifecycle import LifecycleError
from idp.accounts.models import Account, Representation
from idp.audit.events import RepresentationBegan
from idp.audit.log import AuditLog

RELATIONS = ("father", "mother", "guardian")


@dataclass(frozen=True, slots=True)
class Ward:
    """Someone for whom an account's holder may act."""

    account_id: UUID
    relation: str
    since: datetime


def appoint(  # noqa: PLR0913 - the store, then the decision
    session: Session,
    audit: AuditLog,
    *,
    representative_id: UUID,
    ward_id: UUID,
    relation: str,
    now: datetime,
) -> None:
    """Let the holder of a level 2 account act for a ward."""
    level = session.execute(
        sa.select(Account.level).where(Account.id == representative_id)
    ).scalar_one_or_none()
    if level != 2 or representative_id == ward_id or relation not in RELATIONS:
        raise LifecycleError("a representative has a level 2 account of their own")
    session.add(
        Representation(
            representative_id=representative_id,
            ward_id=ward_id,
            relation=relation,
            since=now,
        )
    )
    audit.record(
        session, RepresentationBegan(ward_id, representative_id, relation), now=now
    )


def wards_of(connection: Connection | Session, representative_id: UUID) -> list[Ward]:
    """Return those for whom the account's holder may act today."""
    query = (
        sa.select(Representation.ward_id, Representation.relation, Representation.since)
        .where(
            Representation.representative_id == representative_id,
            Representation.until.is_(None),
        )
        .order_by(Representation.since, Representation.id)
    )
    return [Ward(*row) for row in connection.execute(query)]
