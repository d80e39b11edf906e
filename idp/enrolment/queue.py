"""The dossiers that wait, the overdue ones first, and a dossier by its receipt."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.enrolment.deadlines import is_overdue
from idp.enrolment.models import Dossier
from idp.enrolment.receipts import InvalidReceiptError, parse_receipt
from keys.sealing import BlindIndex

_OPEN = ("submitted", "in_review")
_COLUMNS = (
    Dossier.id,
    Dossier.account_id,
    Dossier.organisation_id,
    Dossier.kind,
    Dossier.channel,
    Dossier.state,
    Dossier.receipt,
    Dossier.submitted_at,
    Dossier.due_at,
    Dossier.decided_at,
    Dossier.decided_by,
    Dossier.refusal,
    Dossier.filed_by,
    Dossier.officer_id,
    Dossier.reviewer_id,
    Dossier.unit_id,
    Dossier.province_code,
    Dossier.consent_version,
    Dossier.consented_at,
)


@dataclass(frozen=True, slots=True)
class DossierView:
    """A dossier as pages list it: nothing in it is personal but by its account."""

    id: UUID
    account_id: UUID | None
    organisation_id: UUID | None
    kind: str
    channel: str
    state: str
    receipt: str
    submitted_at: datetime
    due_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    refusal: str | None
    filed_by: UUID | None
    officer_id: UUID | None
    reviewer_id: UUID | None
    unit_id: UUID | None
    province_code: str | None
    consent_version: str | None
    consented_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Say whether nobody has decided yet."""
        return self.state in _OPEN

    def is_overdue(self, now: datetime) -> bool:
        """Say whether the term ran out before a decision."""
        return self.is_open and is_overdue(self.due_at, now)


def waiting(  # noqa: PLR0913 - filters of one list
    connection: Connection | Session,
    *,
    now: datetime,
    state: str | None = None,
    province_code: str | None = None,
    unit_id: UUID | None = None,
    overdue_only: bool = False,
    offset: int = 0,
    limit: int = 100,
) -> list[DossierView]:
    """Return open dossiers, the earliest due first (D69 art. 13)."""
    query = sa.select(*_COLUMNS).where(Dossier.state.in_((state,) if state else _OPEN))
    if province_code is not None:
        # What names no place is everybody's.
        place = Dossier.province_code
        query = query.where(sa.or_(place == province_code, place.is_(None)))
    if unit_id is not None:
        query = query.where(Dossier.unit_id == unit_id)
    if overdue_only:
        query = query.where(Dossier.due_at <= now)
    query = query.order_by(Dossier.due_at, Dossier.id).offset(offset).limit(limit)
    rows = connection.execute(query)
    return [_view(row) for row in rows]


def count_overdue(connection: Connection | Session, *, now: datetime) -> int:
    """Return how many open dossiers are overdue."""
    query = sa.select(sa.func.count()).where(
        Dossier.state.in_(_OPEN), Dossier.due_at <= now
    )
    return connection.execute(query).scalar_one()


def find_dossier(
    connection: Connection | Session, dossier_id: UUID
) -> DossierView | None:
    """Return the dossier, if there is one."""
    return _one(connection, Dossier.id == dossier_id)


def find_by_receipt(
    connection: Connection | Session, receipt: str
) -> DossierView | None:
    """Return the dossier of a receipt, typed in any grouping."""
    try:
        return _one(connection, Dossier.receipt == parse_receipt(receipt))
    except InvalidReceiptError:
        return None


def find_receipt(
    connection: Connection | Session, external_id_index: BlindIndex | None
) -> str | None:
    """Return the receipt of what was filed under an external id."""
    query = sa.select(Dossier.receipt).where(
        Dossier.external_id_index.in_(
            external_id_index.versions if external_id_index else ()
        )
    )
    return connection.execute(query).scalar_one_or_none()


def find_by_account(
    connection: Connection | Session, account_id: UUID
) -> list[DossierView]:
    """Return the account's dossiers, the newest first."""
    query = (
        sa.select(*_COLUMNS)
        .where(Dossier.account_id == account_id)
        .order_by(Dossier.submitted_at.desc(), Dossier.id)
    )
    return [_view(row) for row in connection.execute(query)]


def sealed_evidence(connection: Connection | Session, dossier_id: UUID) -> bytes | None:
    """Return what `record.open_evidence` opens."""
    query = sa.select(Dossier.evidence_sealed).where(Dossier.id == dossier_id)
    return connection.execute(query).scalar_one_or_none()


def evidence_by_receipt(
    connection: Connection | Session, receipt: str
) -> tuple[UUID, bytes] | None:
    """Return a dossier's id and what `record.open_evidence` opens, in one look-up."""
    query = sa.select(Dossier.id, Dossier.evidence_sealed).where(
        Dossier.receipt == receipt
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.id, row.evidence_sealed)


def _one(
    connection: Connection | Session, condition: sa.ColumnElement[bool]
) -> DossierView | None:
    row = connection.execute(sa.select(*_COLUMNS).where(condition)).one_or_none()
    return None if row is None else _view(row)


def _view(row: Any) -> DossierView:
    return DossierView(*row)
