"""Who holds the card: DG1 and DG13 of one card as one description.

DG1 is of every travel document; DG13 of the Vietnamese card adds the name as it is
written, the day of issue and whole dates.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from idp.emrtd import personal
from idp.emrtd.countries import alpha_2
from idp.emrtd.errors import EmrtdError
from idp.emrtd.mrz import Mrz
from idp.emrtd.personal import Dg13

NO_EXPIRY = "991231"  # what a card that never expires has in its MRZ
_VIETNAM = timezone(timedelta(hours=7))
_NUMBER_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolder:
    """What claims need of a card; dates are ISO 8601, a birth date may be a year.

    `number` is the personal number, `expires_on` None where the card never expires,
    `nationality` ISO 3166-1 alpha-2.
    """

    number: str | None
    name: str
    birth_date: str
    sex: str
    nationality: str
    issued_on: str | None
    expires_on: str | None


def describe(mrz: Mrz, dg13: Dg13 | None, *, now: datetime) -> CardHolder:
    """Describe the holder, or refuse files that speak of two people."""
    fields = dg13 or Dg13({}, {})
    number = fields.text(personal.NUMBER)
    birth_date = fields.day(personal.BIRTH_DATE)
    if number and not _is_number_of(number, mrz):
        raise EmrtdError("mixed_holder", "DG1 and DG13 have different numbers")
    if birth_date and not _is_born(birth_date, mrz):
        raise EmrtdError("mixed_holder", "DG1 and DG13 have different birth dates")
    return CardHolder(
        number=number or _number_in(mrz),
        name=fields.text(personal.NAME) or mrz.name,
        birth_date=birth_date or _birth_date(mrz, now),
        sex=fields.sex or mrz.sex,
        nationality=alpha_2(mrz.nationality),
        issued_on=fields.day(personal.ISSUED_ON),
        expires_on=_expiry(mrz),
    )


def require_current(holder: CardHolder, *, now: datetime) -> None:
    """Refuse a card after its last day, which ends in Vietnam."""
    today = now.astimezone(_VIETNAM).date().isoformat()
    if holder.expires_on is not None and holder.expires_on < today:
        raise EmrtdError("card_expired", holder.expires_on)


def _is_number_of(number: str, mrz: Mrz) -> bool:
    """Tell whether the MRZ may be of that number, of which it may hold the end only."""
    stated = _number_in(mrz)
    return number == stated if stated else number.endswith(mrz.document_number)


def _number_in(mrz: Mrz) -> str | None:
    """Return the personal number, which TD1 cards of Vietnam have as optional data."""
    for word in mrz.optional_data.split():
        if len(word) == _NUMBER_DIGITS and word.isdecimal():
            return word
    return None


def _is_born(birth_date: str, mrz: Mrz) -> bool:
    digits = birth_date[2:].replace("-", "")
    known = mrz.birth_date.partition("<")[0]
    shorter = min(len(digits), len(known))
    return digits[:shorter] == known[:shorter]


def _birth_date(mrz: Mrz, now: datetime) -> str:
    """Return the birth date with its century: nobody is born after today."""
    year, rest = mrz.birth_date[:2], mrz.birth_date[2:]
    if not year.isdecimal():
        raise EmrtdError("malformed", "the MRZ has no year of birth")
    century = 2000 if 2000 + int(year) <= now.year else 1900
    if not rest.isdecimal() or rest == "0000":
        return str(century + int(year))
    born = _date(century + int(year), rest)
    if born > now.astimezone(_VIETNAM).date():
        born = _date(1900 + int(year), rest)
    return born.isoformat()


def _expiry(mrz: Mrz) -> str | None:
    if mrz.expiry_date == NO_EXPIRY or "<" in mrz.expiry_date:
        return None
    return _date(2000 + int(mrz.expiry_date[:2]), mrz.expiry_date[2:]).isoformat()


def _date(year: int, month_and_day: str) -> date:
    try:
        return date(year, int(month_and_day[:2]), int(month_and_day[2:]))
    except ValueError as error:
        raise EmrtdError("malformed", "a date in the MRZ") from error
