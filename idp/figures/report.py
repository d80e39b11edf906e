"""The figures that leaders see: from counted tables, told by one rule (`privacy`)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.config.figures import FiguresConfig
from idp.figures import counts, days, privacy, traffic
from idp.figures.privacy import Cell
from idp.storage.database import Database

WAY = ("began", "identified", "proven", "finished")
_DAY = timedelta(days=1)
# The dossiers belong to a package above this one; only these columns are read.
_DOSSIERS = sa.table("dossiers", sa.column("state"), sa.column("due_at"))
_OPEN = ("submitted", "in_review")


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, both as they are told."""

    part: Cell
    whole: Cell

    @property
    def ratio(self) -> float | None:
        """Return the share of 1, if both are told."""
        if self.part is None or not self.whole:
            return None
        return self.part / self.whole


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one moment, in steps of `smallest`; None is less than a step.

    Days are those of Viet Nam. Dossiers and accounts are told as they stand, uses and
    ways of days that are over, so that who looks twice a day sees nobody come.
    """

    as_of: datetime
    smallest: int
    dossiers: Cell
    dossier_states: dict[str, int]
    refusals: dict[str, int]
    overdue: Cell
    accounts: dict[str, Cell]
    activation: Share
    levels: dict[int, Cell]
    level2: Share
    organisations: Cell
    days: dict[str, Cell]
    month: str
    is_month_over: bool
    portals: dict[str, int]
    provinces: dict[str, int]
    way: dict[str, Cell]
    silent: Cell
    failures: dict[str, int]
    tries: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; less than a step is `"<10"`."""
        values = asdict(self) | {"as_of": self.as_of.isoformat(timespec="seconds")}
        plain: dict[str, Any] = self._plain(values)
        for name in ("activation", "level2"):
            plain[name]["ratio"] = getattr(self, name).ratio
        return plain

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._plain(cell) for name, cell in value.items()}
        return f"<{self.smallest}" if value is None else value


def make(
    database: Database,
    config: FiguresConfig,
    *,
    now: datetime,
    month: date | None = None,
) -> Report:
    """Count the days that are over, add up, and round; accounts are not scanned.

    `month` is any day of the month whose portals and provinces are told, that of
    yesterday if none is named.
    """
    counts.fold(database)
    days.count_days(database, now=now, settle=config.settle)
    today = days.day_of(now)
    with database.snapshot() as connection:
        states = _states(connection, config.smallest, now)
        first = (month or today - _DAY).replace(day=1)
        months = _month(connection, config.smallest, first, today)
        recent = _recent(connection, config, today)
    return Report(as_of=now, smallest=config.smallest, days=recent, **states, **months)


def _states(connection: Connection, smallest: int, now: datetime) -> dict[str, Any]:
    """Return how dossiers and accounts stand at this moment."""
    counted, dossiers = counts.accounts(connection), counts.dossiers(connection)
    names = ("waiting", "granted", "active")
    accounts = {name: privacy.told(getattr(counted, name), smallest) for name in names}
    levels = {
        1: privacy.told(counted.level1, smallest),
        2: privacy.told(counted.level2, smallest),
    }
    states = privacy.listed(dossiers.states, smallest)
    granted = privacy.total((accounts["granted"], accounts["active"]))
    return {
        "dossiers": privacy.total(states.values()),
        "dossier_states": states,
        "refusals": privacy.listed(dossiers.refusals, smallest),
        "overdue": privacy.told(_overdue(connection, now), smallest),
        "accounts": accounts,
        "activation": Share(accounts["active"], granted),
        "levels": levels,
        "level2": Share(levels[2], privacy.total(levels.values())),
        "organisations": privacy.told(counted.organisations, smallest),
    }


def _overdue(connection: Connection, now: datetime) -> int:
    # The index on state and term makes this a look at what is late alone.
    query = sa.select(sa.func.count()).where(
        _DOSSIERS.c.state.in_(_OPEN),
        _DOSSIERS.c.due_at <= round(now.timestamp() * 1_000_000),
    )
    return connection.execute(query).scalar_one()


def _recent(
    connection: Connection, config: FiguresConfig, today: date
) -> dict[str, Cell]:
    """Return the uses of each day that is over, of the last ones."""
    first, last = today - config.shown_days * _DAY, today - _DAY
    counted = traffic.between(connection, first, last).by_day
    each = (first + number * _DAY for number in range(config.shown_days))
    return {str(day): privacy.told(counted[str(day)], config.smallest) for day in each}


def _month(
    connection: Connection, smallest: int, first: date, today: date
) -> dict[str, Any]:
    following = (first + 31 * _DAY).replace(day=1)
    last = min(following, today) - _DAY
    used = traffic.between(connection, first, last)
    way = traffic.way_between(connection, first, last)
    return {
        "month": first.strftime("%Y-%m"),
        "is_month_over": following <= today,
        "portals": privacy.listed(used.by_portal, smallest),
        "provinces": privacy.listed(used.by_province, smallest),
        "way": {stage: privacy.told(way.stages[stage], smallest) for stage in WAY},
        "silent": privacy.told(way.stages["silent"], smallest),
        "failures": privacy.listed(way.failures, smallest),
        "tries": privacy.listed(way.tries, smallest),
    }
