"""Days in Viet Nam, and the counting of those that are over."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.figures.models import CountedUpTo, DailyUsage, UsageRecord
from idp.storage.database import Database

VIETNAM = timezone(timedelta(hours=7), "ICT")  # one zone, no summer time
_USAGE = "usage"
_DAY = timedelta(days=1)


def day_of(moment: datetime) -> date:
    """Return the day of a moment in Viet Nam."""
    return moment.astimezone(VIETNAM).date()


def start_of(day: date) -> datetime:
    """Return the moment at which a day begins in Viet Nam."""
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)


def last_settled(now: datetime, settle: int) -> date:
    """Return the last day of which no row can still be on its way."""
    return day_of(now - timedelta(seconds=settle)) - _DAY


def counted_up_to(connection: Connection | Session) -> date | None:
    """Return the last day whose uses were counted for good."""
    query = sa.select(CountedUpTo.day).where(CountedUpTo.name == _USAGE)
    day = connection.execute(query).scalar_one_or_none()
    return None if day is None else date.fromisoformat(day)


def count_days(database: Database, *, now: datetime, settle: int) -> int:
    """Count each day of use that is over and not counted yet; return how many.

    A transaction a day; of parallel callers one counts it, the others move on.
    """
    counted, last = 0, last_settled(now, settle)
    while True:
        with database.transaction() as session:
            before = counted_up_to(session)
            day = _next_used(session, before)
            if day is None or day > last:
                return counted
            if _claim(session, before, day):
                _count(session, day)
                counted += 1


def usage_between(begin: datetime, end: datetime) -> Any:
    """Return the query that counts uses of a span by portal, province and outcome."""
    province = sa.func.coalesce(UsageRecord.province_code, "")
    keys = (UsageRecord.client_id, province, UsageRecord.outcome)
    return (
        sa.select(*keys, sa.func.count())
        .where(UsageRecord.at >= begin, UsageRecord.at < end)
        .group_by(*keys)
    )


def _next_used(session: Session, before: date | None) -> date | None:
    """Return the next day on which any account was used."""
    query = sa.select(sa.func.min(UsageRecord.at))
    if before is not None:
        query = query.where(UsageRecord.at >= start_of(before + _DAY))
    first = session.execute(query).scalar()
    return None if first is None else day_of(first)


def _claim(session: Session, before: date | None, day: date) -> bool:
    """Take a day in turn, if the last one counted is still the one before."""
    if before is None:
        try:
            with session.begin_nested():
                session.add(CountedUpTo(name=_USAGE, day=day.isoformat()))
        except sa.exc.IntegrityError:
            return False
        return True
    moved = session.execute(
        sa.update(CountedUpTo)
        .where(CountedUpTo.name == _USAGE, CountedUpTo.day == before.isoformat())
        .values(day=day.isoformat())
    )
    return cast("sa.CursorResult[Any]", moved).rowcount == 1


def _count(session: Session, day: date) -> None:
    counted = usage_between(start_of(day), start_of(day + _DAY))
    rows = session.execute(counted).all()
    session.add_all(
        DailyUsage(
            day=day.isoformat(),
            client_id=client_id,
            province_code=province,
            outcome=outcome,
            count=count,
        )
        for client_id, province, outcome, count in rows
    )
