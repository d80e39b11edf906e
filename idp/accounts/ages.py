"""Ages that the law counts by, from a birth date of which the day may be unknown."""

from datetime import UTC, date, datetime


def birthday(birth_date: str, years: int) -> datetime:
    """Return when a person comes to an age.

    Of whom only the year is known counts as born on its last day: what protects a
    child ends no sooner than it may.
    """
    year = int(birth_date[:4]) + years
    if len(birth_date) == len("YYYY"):
        return datetime(year, 12, 31, tzinfo=UTC)
    month, day = int(birth_date[5:7]), int(birth_date[8:10])
    if (month, day) == (2, 29):
        day = 28 if year % 4 else 29
    return datetime(year, month, day, tzinfo=UTC)


def age_on(birth_date: str, today: date) -> int:
    """Return how many years a person has completed, at least."""
    years = today.year - int(birth_date[:4])
    before = (today.month, today.day) < _month_and_day(birth_date)
    return years - 1 if before else years


def _month_and_day(birth_date: str) -> tuple[int, int]:
    if len(birth_date) == len("YYYY"):
        return 12, 31
    return int(birth_date[5:7]), int(birth_date[8:10])
