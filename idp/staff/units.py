"""Units: the offices that officers belong to."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.staff_events import UnitAdded
from idp.errors import NotFoundError
from idp.staff.errors import StaffChangeError
from idp.staff.models import StaffUnit
from idp.staff.officer import Unit

_COLUMNS = (
    StaffUnit.id,
    StaffUnit.name,
    StaffUnit.province_code,
    StaffUnit.commune_code,
)
MAX_NAME = 128


def add_unit(  # noqa: PLR0913 - the stores, then the unit
    session: Session,
    audit: AuditLog,
    *,
    name: str,
    province_code: str | None,
    commune_code: str | None,
    by: str,
    now: datetime,
) -> UUID:
    """Add an office; its name is its own."""
    shown = " ".join(name.split())
    if not 0 < len(shown) <= MAX_NAME:
        raise StaffChangeError("a unit has a name of up to 128 characters")
    unit_id = uuid4()
    row = StaffUnit(
        id=unit_id,
        name=shown,
        province_code=province_code or None,
        commune_code=commune_code or None,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except sa.exc.IntegrityError as error:
        raise StaffChangeError("a unit of this name is there already") from error
    audit.record(session, UnitAdded(unit_id, by), now=now)
    return unit_id


def list_units(connection: Connection | Session) -> list[Unit]:
    """Return every unit by name."""
    rows = connection.execute(sa.select(*_COLUMNS).order_by(StaffUnit.name))
    return [Unit(*row) for row in rows]


def find_unit(connection: Connection | Session, name_or_id: str) -> Unit:
    """Return the unit of this name or id."""
    condition = StaffUnit.name == name_or_id
    with suppress(ValueError):
        condition = sa.or_(condition, StaffUnit.id == UUID(name_or_id))
    row = connection.execute(sa.select(*_COLUMNS).where(condition)).first()
    if row is None:
        raise NotFoundError("no such unit")
    return Unit(*row)


def unit_names(
    connection: Connection | Session, unit_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """Return the names of these units."""
    query = sa.select(StaffUnit.id, StaffUnit.name).where(StaffUnit.id.in_(unit_ids))
    return {row.id: row.name for row in connection.execute(query)}
