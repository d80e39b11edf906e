"""Terms in working days, over weekends, Tết and days that are moved."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.calendar import HANOI, Calendar
from idp.config import EnrolmentConfig
from idp.enrolment.deadlines import due, is_overdue
from idp.enrolment.kinds import KINDS, UnknownKindError

START = datetime(2024, 7, 1, tzinfo=UTC)
CALENDAR, CONFIG = Calendar(), EnrolmentConfig()


def hanoi(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HANOI).astimezone(UTC)


@pytest.mark.parametrize(
    ("kind", "days"),
    [("level1", 1), ("level1_child", 1), ("level1_foreigner", 1), ("level2", 3),
     ("level2_no_card", 7), ("level2_upgrade", 3), ("level2_child", 3),
     ("level2_foreigner", 3), ("level2_foreigner_unknown", 7), ("organisation", 3),
     ("organisation_unknown", 15)],
)  # fmt: skip
def test_the_law_s_terms(kind, days):
    """Decree 69/2024 art. 13, each counted from the day after (a week without Tết)."""
    last = CALENDAR.after(date(2026, 6, 1), days)
    told = due(kind, hanoi("2026-06-01T09:00"), CALENDAR, CONFIG)
    assert told == hanoi(f"{last + timedelta(days=1)}T00:00")
    assert sum(
        (date(2026, 6, 2) + timedelta(days=n)).weekday() < 5
        for n in range((last - date(2026, 6, 1)).days)
    ) == days  # fmt: skip


def test_every_kind_has_its_term_tested():
    """A kind that is added needs a row above."""
    assert len(KINDS) == 11


@pytest.mark.parametrize(
    ("submitted", "end"),
    [
        ("2026-11-18T23:59", "2026-11-20T00:00"),  # Wednesday: Thursday's end
        ("2026-11-20T17:00", "2026-11-24T00:00"),  # Friday: Monday's end
        ("2026-11-21T10:00", "2026-11-24T00:00"),  # Saturday: Monday's end
        ("2026-02-13T10:00", "2026-02-24T00:00"),  # before Tết: the Monday after it
        ("2026-08-21T10:00", "2026-08-23T00:00"),  # a Saturday that is worked
    ],
)
def test_a_day_s_term_ends_at_midnight_in_hanoi(submitted, end):
    """The day of submission does not count, nor do days off."""
    assert due("level1", hanoi(submitted), CALENDAR, CONFIG) == hanoi(end)


def test_the_installation_s_own_days_come_first():
    """A day off by decree, and a Saturday that makes up for it."""
    config = EnrolmentConfig(
        days_off=("2026-11-19",), extra_working_days=("2026-11-21",)
    )
    calendar = Calendar.of(config)

    assert not calendar.is_working_day(date(2026, 11, 19))
    assert calendar.is_working_day(date(2026, 11, 21))
    told = due("level2", hanoi("2026-11-18T09:00"), calendar, config)
    assert told == hanoi("2026-11-24T00:00")


def test_a_term_is_over_at_its_end():
    """The last moment of the last day is in time."""
    end = hanoi("2026-11-20T00:00")
    assert not is_overdue(end, end - timedelta(microseconds=1))
    assert is_overdue(end, end)


def test_no_other_kind_has_a_term():
    """A misspelt kind is no dossier."""
    with pytest.raises(UnknownKindError):
        due("level3", hanoi("2026-06-01T09:00"), CALENDAR, CONFIG)


@given(
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 2000 * 24).map(lambda hours: START + timedelta(hours=hours)),
)
def test_the_last_day_is_worked_and_later_is_never_due_sooner(kind, moment):
    """Whatever the moment: the last day is a working day, and terms keep order."""
    end = due(kind, moment, CALENDAR, CONFIG)
    last = (end - timedelta(hours=1)).astimezone(HANOI).date()

    assert end > moment
    assert CALENDAR.is_working_day(last)
    assert due(kind, moment + timedelta(hours=5), CALENDAR, CONFIG) >= end
