"""How values look to a reader: dates dd/mm/yyyy, numbers in groups of three."""

import re
from datetime import date, datetime, time, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "ICT")  # one zone, no summer time

_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_VIETNAMESE_PHONE = re.compile(r"\+84\d{9}")
_PERSONAL_NUMBER = re.compile(r"\d{12}")


def date_text(value: str | date | datetime) -> str:
    """Show a date as dd/mm/yyyy; a year alone (year-only births) stays a year."""
    if isinstance(value, datetime):
        value = value.astimezone(VIETNAM).date()
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    found = _ISO_DATE.match(value)
    return f"{found[3]}/{found[2]}/{found[1]}" if found else value


def moment_text(moment: datetime) -> str:
    """Show a moment in Vietnam's time, to the minute."""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def end_text(moment: datetime) -> str:
    """Show when a time is over; at midnight, as 24:00 of the day that still counts."""
    local = moment.astimezone(VIETNAM)
    if local.time() != time():
        return moment_text(moment)
    return f"{date_text(local - timedelta(days=1))} 24:00"


def exact_moment_text(moment: datetime) -> str:
    """Show a moment in Vietnam's time, to the second, with the zone (error pages)."""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M:%S +07")


def number_text(number: str) -> str:
    """Show a personal number in groups of three, held together by hard spaces."""
    if not _PERSONAL_NUMBER.fullmatch(number):
        return number
    return "\u00a0".join(number[start : start + 3] for start in range(0, 12, 3))


def phone_text(phone: str) -> str:
    """Show an E.164 number of Vietnam in groups of three."""
    if not _VIETNAMESE_PHONE.fullmatch(phone):
        return phone
    return "\u00a0".join((phone[:3], phone[3:6], phone[6:9], phone[9:]))


def later(moment: datetime, *, seconds: int) -> datetime:
    """Return the moment that many seconds later."""
    return moment + timedelta(seconds=seconds)
