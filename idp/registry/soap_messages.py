"""QCVN 109:2017/BTTTT messages as records: what was deployed differs from the text.

Names come in parts or whole in upper case in `Ten`; dates as `yyyymmdd` or ISO, some of
a year alone; addresses by one code or by three, of the list before or after July 2025.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

from idp.registry.codes import ETHNIC_GROUPS
from idp.registry.divisions import Divisions
from idp.registry.person import (
    Address,
    PersonRecord,
    RegisteredPerson,
    Representative,
    Residence,
    Stay,
)

_SEXES: dict[str, Literal["male", "female"]] = {
    "1": "male", "2": "female", "01": "male", "02": "female",
    "nam": "male", "nữ": "female",
}  # fmt: skip
_VIETNAM = frozenset({"", "vn", "vnm", "việt nam"})
_UNKNOWN_COUNTRY = "ZZ"  # ISO 3166-1: free for users
_DATE = re.compile(r"(\d{4})-?(\d{2})?-?(\d{2})?(?:T.*)?")
_HANOI = timezone(timedelta(hours=7))


class UnreadableAnswerError(Exception):
    """An answer lacks what every answer has."""


def record(
    citizen: Any, *, asked_at: datetime, as_of: Any, places: Divisions
) -> PersonRecord:
    """Return the record of one `CongDan`; household and card have no message."""
    permanent = _stay(citizen.ThuongTru, places)
    present = _stay(citizen.NoiOHienTai or citizen.NoiOHienNay, places)
    residence = None
    if permanent or present:
        residence = Residence(permanent=permanent, present=present)
    return PersonRecord(
        as_of=moment(as_of) or asked_at,
        residence=residence,
        person=_person(citizen, places),
    )


def moment(text: Any) -> datetime | None:
    """Return when the data were taken, None if that is not told or not readable."""
    try:
        told = datetime.fromisoformat(_text(text))
        told = told if told.tzinfo else told.replace(tzinfo=_HANOI)
        return told.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def name_parts(name: Any) -> tuple[str, str, str]:
    """Return họ, chữ đệm and tên, also of a name that stands whole in `Ten`."""
    if name is None:
        raise UnreadableAnswerError("no name")
    family, middle, given = (_text(p) for p in (name.Ho, name.ChuDem, name.Ten))
    words = f"{family} {middle} {given}".split()
    if not words:
        raise UnreadableAnswerError("no name")
    if not family and not middle and len(words) > 1:
        family, middle, given = words[0], " ".join(words[1:-1]), words[-1]
    elif not given:
        family, middle, given = "", "", " ".join(words)
    return _spelled(family), _spelled(middle), _spelled(given)


def birth_date(value: Any) -> str:
    """Return `YYYY-MM-DD`, or `YYYY` where only the year is known."""
    told = value and (_text(value.NgayThangNam) or _text(value.Nam))
    match = _DATE.fullmatch(told or "")
    if match is None:
        raise UnreadableAnswerError("no birth date")
    year, month, day = match.groups()
    if not month or not day or "00" in (month, day):
        return str(year)
    try:
        return datetime(int(year), int(month), int(day), tzinfo=UTC).date().isoformat()
    except ValueError as error:
        raise UnreadableAnswerError("no birth date") from error


def _person(citizen: Any, places: Divisions) -> RegisteredPerson:
    family, middle, given = name_parts(citizen.HoVaTen)
    number, older = _text(citizen.SoDinhDanh), _text(citizen.SoCMND)
    origin = _stay(citizen.QueQuan, places)
    return RegisteredPerson(
        number=number,
        family_name=family,
        middle_name=middle,
        given_name=given,
        birth_date=birth_date(citizen.NgayThangNamSinh),
        gender=_SEXES.get(_text(citizen.GioiTinh).lower(), "unknown"),
        nationality=_country(citizen.QuocTich),
        ethnicity=ETHNIC_GROUPS.get(_text(citizen.DanToc).zfill(2)),
        place_of_origin=origin.address.text if origin else None,
        former_numbers=(older,) if older and older != number else (),
        representatives=tuple(_representatives(citizen)),
    )


def _representatives(citizen: Any) -> list[Representative]:
    roles = (
        ("father", citizen.Cha),
        ("mother", citizen.Me),
        ("guardian", citizen.NguoiDaiDien),
    )
    found: dict[str, Representative] = {}
    for relation, person in roles:
        number = _text(person and person.SoDinhDanh)
        if not number or number in found or person.HoVaTen is None:
            continue
        name = " ".join(part for part in name_parts(person.HoVaTen) if part)
        found[number] = Representative(number, name, relation)
    return list(found.values())


def _stay(value: Any, places: Divisions) -> Stay | None:
    if value is None:
        return None
    detail, country = _text(value.ChiTiet), _country(value.QuocGia)
    old_district = _text(value.MaQuanHuyen)
    code = _text(value.MaPhuongXa) or _text(value.MaDonViHanhChinh)
    if not code and not detail:
        return None
    code = code.zfill(5) if code else ""
    new, old = places.by_code(code), places.by_old_code(code)
    # A district tells that the codes are of the list before July 2025.
    known = (old or new) if old_district else (new or old)
    if known is not None:
        return Stay(known.address(detail, is_older=bool(old_district)))
    province = _text(value.MaTinhThanh)
    return Stay(
        Address(
            text=detail,
            detail=detail,
            # Without the unit in the list, an old province code says too little.
            province_code="" if old_district else province.zfill(2) if province else "",
            province="",
            commune_code="" if old_district else code,
            commune="",
            country=country,
        )
    )


def _country(value: Any) -> str:
    told = _text(value)
    if told.lower() in _VIETNAM:
        return "VN"
    is_alpha_2 = len(told) == 2 and told.isascii() and told.isalpha()
    return told.upper() if is_alpha_2 else _UNKNOWN_COUNTRY


def _spelled(name: str) -> str:
    """Return a name as people write it, if it is all in capitals."""
    if name != name.upper():
        return name
    return re.sub(r"\w+", lambda word: word[0].capitalize(), name)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
