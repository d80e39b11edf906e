"""Administrative units: the two-level list since 1 July 2025, and what was before it.

Decision 19/2025/QD-TTg has 34 provinces, 3,321 communes and no districts; papers keep
the older names until they are issued anew. The packaged list is a part of the public
one, for the sandbox and for tests: each commune with the former one whose code it
keeps. `idp registry divisions` imports a whole list.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from functools import cache
from importlib.resources import files

from idp.errors import IdpError
from idp.registry.person import Address

OLD_LIST = "QĐ 124/2004/QĐ-TTg"
_DIGITS = {
    "old_province_code": 2,
    "old_district_code": 3,
    "old_commune_code": 5,
    "province_code": 2,
    "commune_code": 5,
}


class DivisionsError(IdpError):
    """A list of administrative units has a line that cannot be right."""

    code = "DD-POP-002"


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of today, and one of those that it was made of."""

    old_province_code: str
    old_province: str
    old_district_code: str
    old_district: str
    old_commune_code: str
    old_commune: str
    province_code: str
    province: str
    commune_code: str
    commune: str

    def address(self, detail: str, *, is_older: bool) -> Address:
        """Return an address; one from before the merger remembers its district."""
        return Address(
            text=", ".join(
                part for part in (detail, self.commune, self.province) if part
            ),
            detail=detail,
            province_code=self.province_code,
            province=self.province,
            commune_code=self.commune_code,
            commune=self.commune,
            district_code=self.old_district_code if is_older else None,
            district=self.old_district if is_older else None,
        )


class Divisions:
    """A whole list, by old and by new code."""

    def __init__(self, communes: Iterable[Commune]) -> None:
        self.communes = tuple(communes)
        self._old = {item.old_commune_code: item for item in self.communes}
        self._new: dict[str, Commune] = {}
        for item in self.communes:
            # Of several that became one, the one whose code was kept stands for it.
            if item.commune_code == item.old_commune_code:
                self._new[item.commune_code] = item
            else:
                self._new.setdefault(item.commune_code, item)

    def by_code(self, code: str) -> Commune | None:
        """Return the commune that has this code today."""
        return self._new.get(code)

    def by_old_code(self, code: str) -> Commune | None:
        """Return what the commune that had this code has become."""
        return self._old.get(code)


@cache
def packaged() -> Divisions:
    """Return the list that comes with the program."""
    text = files("idp.registry").joinpath("divisions.csv").read_text(encoding="utf-8")
    return Divisions(read_list(text.splitlines()))


def read_list(lines: Iterable[str]) -> Iterator[Commune]:
    """Yield the communes of a CSV list; its header names the columns in any order."""
    names = [item.name for item in fields(Commune)]
    rows = csv.DictReader(lines)
    missing = sorted(set(names) - set(rows.fieldnames or ()))
    if missing:
        raise DivisionsError(f"columns are missing: {', '.join(missing)}")
    for row in rows:
        commune = Commune(*((row[name] or "").strip() for name in names))
        _check(commune, rows.line_num)
        yield commune


def _check(commune: Commune, line: int) -> None:
    if not all(astuple(commune)):
        raise DivisionsError(f"line {line}: a value is missing")
    for name, digits in _DIGITS.items():
        code = getattr(commune, name)
        if not (code.isascii() and code.isdigit() and len(code) == digits):
            raise DivisionsError(f"line {line}: {name} has {digits} digits")
