"""The machine-readable zone of the Vietnamese card: three lines (ICAO Doc 9303-5)."""

import string
import unicodedata
from datetime import date

# A card without an expiry date says so in words only; its zone holds the last day that
# two digits can write.
NO_EXPIRY = "991231"
_WEIGHTS = (7, 3, 1)
_LETTERS = frozenset(string.ascii_uppercase)


def check_digit(text: str) -> str:
    """Return the check digit over digits, letters and `<` (ICAO Doc 9303-3 §4.9)."""
    values = (0 if sign == "<" else int(sign, 36) for sign in text)
    total = sum(value * _WEIGHTS[at % 3] for at, value in enumerate(values))
    return str(total % 10)


def birth(iso: str) -> str:
    """Return a date of birth as YYMMDD, `<` for what is not known."""
    return (iso[2:4] + iso[5:7] + iso[8:10]).ljust(6, "<")


def expiry(day: date | None) -> str:
    """Return the last day of a card as YYMMDD."""
    return day.strftime("%y%m%d") if day else NO_EXPIRY


def latin(name: str) -> str:
    """Return a name in the zone's letters: plain capitals, `<` between words."""
    plain = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    words = plain.replace("-", " ").upper().split()
    # ICAO Doc 9303-3 §4.6: an apostrophe is left out and nothing stands for it.
    letters = ("".join(filter(_LETTERS.__contains__, word)) for word in words)
    return "<".join(filter(None, letters))


def zone(
    number: str, *, names: tuple[str, str], born: str, sex: str, until: str
) -> str:
    """Return the 90 characters of a card; born and until are YYMMDD.

    The document number is the last nine digits of the personal number; the whole number
    is the first line's optional data, with a check digit of its own at the end.
    """
    document = number[-9:]
    first = f"IDVNM{document}{check_digit(document)}{number}<<{check_digit(number)}"
    dates = f"{born}{check_digit(born)}{sex}{until}{check_digit(until)}"
    second = f"{dates}VNM".ljust(29, "<")
    # ICAO Doc 9303-5 §4.2.4: what the composite check digit runs over.
    composite = check_digit(first[5:] + second[:7] + second[8:15] + second[18:29])
    family, others = (latin(name) for name in names)
    return first + second + composite + f"{family}<<{others}"[:30].ljust(30, "<")
