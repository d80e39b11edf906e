"""Who applies alone and for whom a representative does (Decree 69/2024 art. 7, 10)."""

from datetime import datetime

from idp.accounts.ages import age_on
from idp.accounts.calendar import HANOI
from idp.config import EnrolmentConfig


def applies_alone(birth_date: str, config: EnrolmentConfig, *, now: datetime) -> bool:
    """Say whether somebody is old enough to apply for themselves."""
    return age(birth_date, now=now) >= config.own_from_age


def may_have_level_2(
    birth_date: str, config: EnrolmentConfig, *, now: datetime
) -> bool:
    """Say whether a child is old enough for level 2; below it is level 1 alone."""
    return age(birth_date, now=now) >= config.child_from_age


def age(birth_date: str, *, now: datetime) -> int:
    """Return the completed years today in Viet Nam, at least."""
    return age_on(birth_date, now.astimezone(HANOI).date())
