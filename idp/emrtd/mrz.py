"""The machine-readable zone of the three card sizes, with every check digit.

TD1 is ICAO Doc 9303-5 §4.2, TD2 Doc 9303-6 §4.2, TD3 Doc 9303-4 §4.2; the check digit
Doc 9303-3 §4.9, and document numbers beyond nine characters the notes there.
"""

import re
from dataclasses import dataclass

from idp.emrtd.errors import EmrtdError

_ALPHABET = re.compile(r"[0-9A-Z<]*")
_DATE = re.compile(r"[0-9<]{6}")
_WEIGHTS = (7, 3, 1)
_SEXES = {"M": "male", "F": "female", "<": "unknown"}
_NUMBER_SIZE = 9
_FILLER = "<"


@dataclass(frozen=True, slots=True)
class MrzKey:
    """What opens the chip: a number and two dates as YYMMDD (Doc 9303-11 §4.3.2)."""

    document_number: str
    birth_date: str
    expiry_date: str

    @property
    def information(self) -> str:
        """Return the three parts, each with its check digit."""
        number = self.document_number.ljust(_NUMBER_SIZE, _FILLER)
        parts = (number, self.birth_date, self.expiry_date)
        return "".join(part + check_digit(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Mrz:
    """What the zone says; dates are YYMMDD, in which `<` stands for the unknown."""

    size: str
    document_code: str
    issuing_state: str
    document_number: str
    nationality: str
    birth_date: str
    sex: str
    expiry_date: str
    surname: str
    given_names: str
    optional_data: str

    @property
    def key(self) -> MrzKey:
        """Return what opens the chip of this document."""
        return MrzKey(self.document_number, self.birth_date, self.expiry_date)

    @property
    def name(self) -> str:
        """Return surname and given names as the zone spells them."""
        return " ".join(part for part in (self.surname, self.given_names) if part)


def check_digit(text: str) -> str:
    """Return the check digit of some characters of the zone."""
    if not _ALPHABET.fullmatch(text):
        raise EmrtdError("malformed", "a character that no MRZ has")
    total = sum(
        _value(character) * _WEIGHTS[place % 3] for place, character in enumerate(text)
    )
    return str(total % 10)


def parse_mrz(text: str) -> Mrz:
    """Read a zone of 90, 72 or 88 characters; line breaks between them are skipped."""
    zone = "".join(text.split())
    layout = _LAYOUTS.get(len(zone))
    if layout is None or not _ALPHABET.fullmatch(zone):
        raise EmrtdError("malformed", f"an MRZ of {len(zone)} characters")
    stated = zone[layout.composite_digit]
    composites = [layout.composite]
    if layout.early_composite and zone[1] == _FILLER:
        composites.append(layout.early_composite)
    if stated not in {check_digit(_join(zone, parts)) for parts in composites}:
        raise EmrtdError("malformed", "the check digit of the whole MRZ")
    return _read(zone, layout)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where each part stands in the whole zone; a date's check digit follows it."""

    size: str
    number: slice
    birth: slice
    expiry: slice
    nationality: slice
    names: slice
    optional: slice
    composite: tuple[slice, ...]
    composite_digit: int
    early_composite: tuple[slice, ...] = ()
    more_optional: slice | None = None
    optional_digit: int | None = None


_LAYOUTS = {
    90: _Layout(
        size="TD1",
        number=slice(5, 14),
        birth=slice(30, 36),
        expiry=slice(38, 44),
        nationality=slice(45, 48),
        names=slice(60, 90),
        optional=slice(15, 30),
        more_optional=slice(48, 59),
        composite=(slice(5, 37), slice(38, 45), slice(48, 59)),
        # The worked example of Doc 9303-10 §A.2.1 leaves optional data out.
        early_composite=(slice(5, 15), slice(30, 37), slice(38, 45)),
        composite_digit=59,
    ),
    72: _Layout(
        size="TD2",
        number=slice(36, 45),
        birth=slice(49, 55),
        expiry=slice(57, 63),
        nationality=slice(46, 49),
        names=slice(5, 36),
        optional=slice(64, 71),
        composite=(slice(36, 46), slice(49, 56), slice(57, 71)),
        composite_digit=71,
    ),
    88: _Layout(
        size="TD3",
        number=slice(44, 53),
        birth=slice(57, 63),
        expiry=slice(65, 71),
        nationality=slice(54, 57),
        names=slice(5, 44),
        optional=slice(72, 86),
        optional_digit=86,
        composite=(slice(44, 54), slice(57, 64), slice(65, 87)),
        composite_digit=87,
    ),
}


def _read(zone: str, layout: _Layout) -> Mrz:
    number, optional = _number(zone, layout)
    surname, _, given = zone[layout.names].partition("<<")
    sex = zone[layout.birth.stop + 1]
    if sex not in _SEXES:
        raise EmrtdError("malformed", "the sex in the MRZ")
    return Mrz(
        size=layout.size,
        document_code=zone[:2].rstrip(_FILLER),
        issuing_state=zone[2:5].rstrip(_FILLER),
        document_number=number,
        nationality=zone[layout.nationality].rstrip(_FILLER),
        birth_date=_date(zone, layout.birth, "birth date"),
        sex=_SEXES[sex],
        expiry_date=_date(zone, layout.expiry, "expiry date"),
        surname=_words(surname),
        given_names=_words(given),
        optional_data=_words(optional),
    )


def _date(zone: str, place: slice, what: str) -> str:
    date = zone[place]
    _check(date, zone[place.stop], what)
    if not _DATE.fullmatch(date):
        raise EmrtdError("malformed", f"the {what} in the MRZ")
    return date


def _number(zone: str, layout: _Layout) -> tuple[str, str]:
    """Return the document number and what is left of the optional data."""
    start, digit = zone[layout.number], zone[layout.number.stop]
    optional = zone[layout.optional]
    if layout.optional_digit is not None:
        stated = zone[layout.optional_digit]
        if stated != _FILLER or optional.strip(_FILLER):
            _check(optional, stated, "optional data")
    elif digit == _FILLER:
        # A long number goes on here; its check digit stands before the next filler.
        rest, _, optional = optional.partition(_FILLER)
        start, digit = start + rest[:-1], rest[-1:]
    _check(start, digit, "document number")
    if layout.more_optional is not None:
        optional += _FILLER + zone[layout.more_optional]
    return start.rstrip(_FILLER), optional


def _check(text: str, digit: str, what: str) -> None:
    if check_digit(text) != digit:
        raise EmrtdError("malformed", f"the check digit of the {what}")


def _join(zone: str, parts: tuple[slice, ...]) -> str:
    return "".join(zone[part] for part in parts)


def _words(text: str) -> str:
    return " ".join(text.replace(_FILLER, " ").split())


def _value(character: str) -> int:
    return 0 if character == _FILLER else int(character, 36)
