"""Dates as officers type them: with or without strokes, or a year alone."""

import re

from idp.emrtd.personal import iso_date
from idp.web.language import gettext

_BETWEEN = re.compile(r"[\s./-]+")
_WHOLE = re.compile(r"(\d{2})(\d{2})(\d{4})")
_MAX_TYPED = 32


def read(typed: str) -> str:
    """Return a date or a year in ISO 8601, empty if it is none."""
    text = typed.strip()[:_MAX_TYPED]
    whole = _WHOLE.fullmatch(text)
    parts = list(whole.groups()) if whole else _BETWEEN.split(text)
    if len(parts) == 3:
        day, month, year = parts
        return iso_date(f"{day:0>2}/{month:0>2}/{year}") or ""
    return iso_date(text) or ""


def mend() -> str:
    """Return how a date is typed."""
    return gettext("Type the date as dd/mm/yyyy")
