"""What a desk's scanner types: the QR code of a card, or just the personal number.

The code on cards until June 2024 is one line of seven parts between upright strokes:
number, former number, name, birth date, sex, residence, day of issue; later ones have
more parts behind them. It is signed by nobody: it saves typing and proves nothing.
"""

from dataclasses import dataclass, field

from idp.emrtd.personal import iso_date

MAX_TEXT = 1024
_NUMBER, _NAME, _BIRTH, _PARTS = 0, 2, 3, 4
_DATE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Scanned:
    """An unverified number, with the name and birth date if a code had them."""

    unverified_number: str = field(repr=False)
    name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)


def read_scan(text: str) -> Scanned:
    """Return what was scanned or typed; whatever is no code is taken as a number."""
    parts = [part.strip() for part in text[:MAX_TEXT].split("|")]
    if len(parts) < _PARTS:
        return Scanned(text[:MAX_TEXT].strip())
    return Scanned(parts[_NUMBER], parts[_NAME], _date(parts[_BIRTH]))


def _date(text: str) -> str:
    if len(text) == _DATE_DIGITS and text.isdecimal():
        text = f"{text[:2]}/{text[2:4]}/{text[4:]}"
    return iso_date(text) or ""
