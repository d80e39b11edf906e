"""Working days in Viet Nam: public holidays with the lunar ones, moved days, own days.

Days off and the working Saturdays that make up for bridge days come from `holidays`;
what the Prime Minister decides late in a year is a setting until that library knows.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta, timezone

import holidays

from idp.config import EnrolmentConfig

# No daylight saving time since 1975, so no time zone database is needed.
HANOI = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days count: the public ones, with days off and working days added."""

    days_off: frozenset[date] = frozenset()
    extra_days: frozenset[date] = frozenset()
    _public: holidays.HolidayBase = field(
        default_factory=lambda: holidays.country_holidays("VN"),
        compare=False,
        repr=False,
    )

    @classmethod
    def of(cls, config: EnrolmentConfig) -> "Calendar":
        """Return the calendar with the installation's own days."""
        return cls(
            frozenset(date.fromisoformat(day) for day in config.days_off),
            frozenset(date.fromisoformat(day) for day in config.extra_working_days),
        )

    def is_working_day(self, day: date) -> bool:
        """Say whether offices work on this day; the installation's word comes first."""
        if day in self.days_off:
            return False
        return day in self.extra_days or self._public.is_working_day(day)

    def after(self, day: date, count: int) -> date:
        """Return the working day that is `count` working days after `day`."""
        found = day
        while count > 0:
            found += timedelta(days=1)
            count -= self.is_working_day(found)
        return found
