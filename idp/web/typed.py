"""What people type into plain fields: one line of text, a day as it is written."""

import re

from idp.emrtd.personal import iso_date

_BETWEEN = re.compile(r"[\s./-]+")
_MAX_LINE = 300
_MAX_DAY = 32


def typed_line(text: str, *, longest: int = _MAX_LINE) -> str:
    """Return the legible letters of a line, its spaces single."""
    shown = "".join(letter for letter in text[:longest] if letter.isprintable())
    return " ".join(shown.split())


def typed_day(text: str) -> str | None:
    """Return a day typed as dd/mm/yyyy in ISO 8601, whatever stands between."""
    parts = _BETWEEN.split(text.strip()[:_MAX_DAY])
    if len(parts) != 3:
        return None
    day, month, year = parts
    return iso_date(f"{day:0>2}/{month:0>2}/{year}")
