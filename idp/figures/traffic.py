"""Uses of portals: counted days from their table, days since then from the history."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.figures import days
from idp.figures.models import DailyUsage, FunnelCount

_DAY = timedelta(days=1)
_USED = "success"


@dataclass(frozen=True, slots=True)
class Traffic:
    """The uses of a span of days, `last` included."""

    by_day: Counter[str]
    by_portal: Counter[str]
    by_province: Counter[str]


@dataclass(frozen=True, slots=True)
class Way:
    """The steps of signing in at portals, why it failed, and which proofs did."""

    stages: Counter[str]
    failures: Counter[str]
    tries: Counter[str]


def between(connection: Connection, first: date, last: date) -> Traffic:
    """Return how often accounts were used at portals on these days."""
    counted = _counted(connection, first, last)
    for day in _days_since(days.counted_up_to(connection), first, last):
        span = days.usage_between(days.start_of(day), days.start_of(day + _DAY))
        for client_id, province, outcome, count in connection.execute(span):
            if outcome == _USED:
                counted.by_day[day.isoformat()] += count
                counted.by_portal[client_id] += count
                counted.by_province[province] += count
    return counted


def way_between(connection: Connection, first: date, last: date) -> Way:
    """Return what was counted of the way to portals on these days."""
    way = Way(Counter(), Counter(), Counter())
    query = (
        sa.select(FunnelCount.stage, FunnelCount.reason, sa.func.sum(FunnelCount.count))
        .where(FunnelCount.day.between(first.isoformat(), last.isoformat()))
        .group_by(FunnelCount.stage, FunnelCount.reason)
    )
    for stage, reason, count in connection.execute(query):
        if stage == "try":
            way.tries[reason] += int(count)
        else:
            way.stages[stage] += int(count)
        if stage == "failed":
            way.failures[reason] += int(count)
    return way


def _counted(connection: Connection, first: date, last: date) -> Traffic:
    is_wanted = sa.and_(
        DailyUsage.day.between(first.isoformat(), last.isoformat()),
        DailyUsage.outcome == _USED,
    )

    def by(column: Any) -> Counter[str]:
        query = sa.select(column, sa.func.sum(DailyUsage.count)).where(is_wanted)
        rows = connection.execute(query.group_by(column))
        return Counter({key: int(count) for key, count in rows})

    return Traffic(
        by(DailyUsage.day), by(DailyUsage.client_id), by(DailyUsage.province_code)
    )


def _days_since(counted: date | None, first: date, last: date) -> Iterator[date]:
    day = first if counted is None else max(first, counted + _DAY)
    while day <= last:
        yield day
        day += _DAY
