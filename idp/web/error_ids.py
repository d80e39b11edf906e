"""The number of an error that a page shows: easy to read out, and it tells its minute.

Whoever is told one on the telephone finds what the logs and the audit log have of that
minute, and nothing has to be kept for it.
"""

import secrets
from datetime import UTC, datetime, timedelta

# No vowels and no look-alikes: easy to read out on the telephone, and never a word.
_LETTERS = "23456789BCDFGHJKMNPQRSTVWXZ"
_GROUP = 4
_MINUTES = len(_LETTERS) ** _GROUP  # as many as one group tells apart: 369 days
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def new(now: datetime) -> str:
    """Return a new error id: a group that tells the minute, and one of chance."""
    minute, drawn = _minutes(now) % _MINUTES, secrets.randbelow(_MINUTES)
    return f"{_letters(minute)}-{_letters(drawn)}"


def minute_of(text: str, *, now: datetime) -> datetime | None:
    """Return the latest minute that an error id of these letters may be of."""
    letters = (spelled(text) or "").replace("-", "")
    if not letters:
        return None
    minute = 0
    for letter in letters[:_GROUP]:
        minute = minute * len(_LETTERS) + _LETTERS.index(letter)
    ago = (_minutes(now) - minute) % _MINUTES
    return now.replace(second=0, microsecond=0) - timedelta(minutes=ago)


def spelled(text: str) -> str | None:
    """Return an error id as pages show it, however it was typed; None if it is none."""
    letters = "".join(sign for sign in text.upper() if sign.isalnum())
    if len(letters) != 2 * _GROUP or not set(letters) <= set(_LETTERS):
        return None
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"


def _minutes(moment: datetime) -> int:
    return (moment - _BEGAN) // timedelta(minutes=1)


def _letters(number: int) -> str:
    letters = ""
    for _ in range(_GROUP):
        number, rest = divmod(number, len(_LETTERS))
        letters = _LETTERS[rest] + letters
    return letters
