"""How values look to a reader."""

from datetime import UTC, date, datetime

import pytest

from idp.web import presentation

EVENING = datetime(2026, 12, 31, 17, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1968-05-12", "12/05/1968"),
        ("1968", "1968"),
        ("2026-06-30T00:00:00Z", "30/06/2026"),
        (date(2024, 2, 29), "29/02/2024"),
        (EVENING, "01/01/2027"),
    ],
)
def test_dates_are_day_month_year(value, expected):
    """Dates read dd/mm/yyyy in Vietnam's time; a year alone stays."""
    assert presentation.date_text(value) == expected


def test_moments_are_in_vietnams_time():
    """An evening in UTC is the next morning in Hà Nội."""
    assert presentation.moment_text(EVENING) == "01/01/2027 00:30"
    assert presentation.exact_moment_text(EVENING) == "01/01/2027 00:30:05 +07"


def test_an_end_at_midnight_is_of_the_day_before():
    """Nobody is told a date on which it is too late already."""
    midnight = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert presentation.end_text(midnight) == "23/11/2026 24:00"
    assert presentation.end_text(EVENING) == "01/01/2027 00:30"


def test_numbers_come_in_groups_of_three():
    """Groups are held together by hard spaces; anything else stays as it is."""
    assert presentation.number_text("999085000003") == "999\u00a0085\u00a0000\u00a0003"
    assert presentation.number_text("B1234567") == "B1234567"


def test_phones_come_in_groups():
    """A Vietnamese number is grouped after its country code."""
    shown = presentation.phone_text("+84912345678")

    assert shown == "+84\u00a0912\u00a0345\u00a0678"
    assert presentation.phone_text("+33612345678") == "+33612345678"
