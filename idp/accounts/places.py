"""Which province's officers an account concerns: that of its newest dossier.

Accounts are granted by the authority of the place (Decree 69/2024 art. 10–12); what
names no place is everybody's.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

# The dossiers belong to a package above; only these columns are read.
_DOSSIERS = sa.table(
    "dossiers",
    sa.column("account_id", sa.Uuid()),
    sa.column("province_code", sa.String()),
    sa.column("submitted_at", sa.BigInteger()),
)


def province_of(account_id: Any) -> sa.ScalarSelect[Any]:
    """Return the province of the account that a column or a value names."""
    return (
        sa.select(_DOSSIERS.c.province_code)
        .where(_DOSSIERS.c.account_id == account_id)
        .order_by(_DOSSIERS.c.submitted_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def is_of(account_id: Any, province_code: str | None) -> sa.ColumnElement[bool]:
    """Say whether an account is the affair of a unit of this province, or of none."""
    if province_code is None:
        return sa.true()
    province = province_of(account_id)
    return sa.or_(province == province_code, province.is_(None))


def read_province(connection: Connection | Session, account_id: UUID) -> str | None:
    """Return the account's province, if one is known."""
    found: str | None = connection.scalar(sa.select(province_of(account_id)))
    return found
