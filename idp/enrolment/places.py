"""Which province's officers an account concerns, and whose account a receipt is of."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.enrolment.models import Dossier


def province_of(connection: Connection | Session, account_id: UUID) -> str | None:
    """Return the province of the newest dossier, if one is known."""
    query = (
        sa.select(Dossier.province_code)
        .where(Dossier.account_id == account_id)
        .order_by(Dossier.submitted_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def account_of_receipt(connection: Connection | Session, receipt: str) -> UUID | None:
    """Return the account that a dossier with this receipt is about, if there is one."""
    query = sa.select(Dossier.account_id).where(Dossier.receipt == receipt)
    return connection.execute(query).scalar_one_or_none()
