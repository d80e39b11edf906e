"""Lists of administrative units in the database, with what became of each unit."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.registry.divisions import OLD_LIST, Commune, Divisions, packaged
from idp.registry.models import AdministrativeUnit

_UNITS = cast("sa.Table", AdministrativeUnit.__table__)
_LEVELS = ("province", "district", "commune")


def store(
    session: Session, communes: Iterable[Commune], *, code_list: str, now: datetime
) -> int:
    """Replace the stored lists by these communes; return how many units there are."""
    units: dict[tuple[str, str, str], dict[str, Any]] = {}

    def add(version: str, level: str, code: str, **values: Any) -> None:
        units[version, level, code] = {
            "code_list": version,
            "level": level,
            "code": code,
            "imported_at": now,
            "parent_code": None,
            "successor_code": None,
            **values,
        }

    for one in communes:
        add(code_list, "province", one.province_code, name=one.province)
        add(
            code_list,
            "commune",
            one.commune_code,
            name=one.commune,
            parent_code=one.province_code,
        )
        add(OLD_LIST, "province", one.old_province_code, name=one.old_province)
        add(
            OLD_LIST,
            "district",
            one.old_district_code,
            name=one.old_district,
            parent_code=one.old_province_code,
        )
        add(
            OLD_LIST,
            "commune",
            one.old_commune_code,
            name=one.old_commune,
            parent_code=one.old_district_code,
            successor_code=one.commune_code,
        )
    session.execute(sa.delete(_UNITS))
    if units:
        session.execute(sa.insert(_UNITS), list(units.values()))
    return len(units)


def load(connection: Connection) -> Divisions:
    """Return the stored list, or the packaged one where none was imported."""
    rows = connection.execute(sa.select(_UNITS)).all()
    if not rows:
        return packaged()
    new: dict[str, dict[str, Any]] = {level: {} for level in _LEVELS}
    old: dict[str, dict[str, Any]] = {level: {} for level in _LEVELS}
    for row in rows:
        side = old if row.code_list == OLD_LIST else new
        side[row.level][row.code] = row
    return Divisions(_commune(row, old, new) for row in old["commune"].values())


def _commune(row: Any, old: dict[str, Any], new: dict[str, Any]) -> Commune:
    district = old["district"][row.parent_code]
    province = old["province"][district.parent_code]
    today = new["commune"][row.successor_code]
    return Commune(
        old_province_code=province.code,
        old_province=province.name,
        old_district_code=district.code,
        old_district=district.name,
        old_commune_code=row.code,
        old_commune=row.name,
        province_code=today.parent_code,
        province=new["province"][today.parent_code].name,
        commune_code=today.code,
        commune=today.name,
    )
