"""The history of use: one row for each use of an account at a portal.

Written in the transaction in which tokens are given, so that what a portal got is never
missing; one statement, which finds the province by itself.
"""

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.figures.models import UsageRecord
from idp.storage.prepared import Prepared

Outcome = Literal["success", "denied"]

# The dossiers belong to a package above this one; only these columns are read.
_DOSSIERS = sa.table(
    "dossiers",
    sa.column("account_id", sa.Uuid()),
    sa.column("province_code", sa.String()),
    sa.column("submitted_at", sa.BigInteger()),
)
_USAGE = cast("sa.Table", UsageRecord.__table__)
_PROVINCE = (
    sa.select(_DOSSIERS.c.province_code)
    .where(_DOSSIERS.c.account_id == sa.bindparam("account", type_=sa.Uuid()))
    .order_by(_DOSSIERS.c.submitted_at.desc())
    .limit(sa.literal_column("1"))
    .scalar_subquery()
)
_INSERT = Prepared(
    sa.insert(_USAGE).values(
        at=sa.bindparam("moment", type_=_USAGE.c.at.type),
        account_id=sa.bindparam("account", type_=sa.Uuid()),
        client_id=sa.bindparam("client"),
        province_code=_PROVINCE,
        outcome=sa.bindparam("came_to"),
        level=sa.bindparam("authentication_level"),
    )
)


def record(  # noqa: PLR0913 - the store, then what happened
    session: Session,
    *,
    account_id: UUID,
    client_id: str,
    outcome: Outcome,
    level: int,
    now: datetime,
) -> None:
    """Write down one use of an account at a portal (Decree 59/2022 art. 21)."""
    values = {
        "moment": now,
        "account": account_id,
        "client": client_id,
        "came_to": outcome,
        "authentication_level": level,
    }
    _INSERT.run(session, values)
