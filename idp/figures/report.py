"""The figures that leaders see: summed from counted tables, small cells withheld."""

from collections.abc import Mapping
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
    """A part of a whole; both are withheld where one would tell the other."""

    part: Cell
    whole: Cell

    @property
    def ratio(self) -> float | None:
        """Return the share of 1, if both are shown and there is a whole."""
        if self.part is None or not self.whole:
            return None
        return self.part / self.whole


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one moment; None is a figure that is withheld.

    Days are those of Viet Nam. What is told of `month` grows in steps of the
    threshold while the month lasts.
    """

    as_of: datetime
    smallest: int
    dossiers: Cell
    dossier_states: dict[str, Cell]
    refusals: dict[str, Cell]
    overdue: Cell
    accounts: dict[str, Cell]
    activation: Share
    levels: dict[int, Cell]
    level2: Share
    organisations: Cell
    days: dict[str, Cell]
    month: str
    is_month_over: bool
    portals: dict[str, Cell]
    provinces: dict[str, Cell]
    way: dict[str, Cell]
    silent: Cell
    failures: dict[str, Cell]
    tries: dict[str, Cell]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; a figure that is withheld is `"<10"`."""
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
    """Count the days that are over, add up, and withhold; accounts are not scanned.

    `month` is any day of the month whose portals and provinces are told, the current
    one if none is named.
    """
    counts.fold(database)
    days.count_days(database, now=now, settle=config.settle)
    today = days.day_of(now)
    with database.snapshot() as connection:
        states = _states(connection, config.smallest, now)
        months = _month(
            connection, config.smallest, (month or today).replace(day=1), today
        )
        recent = _recent(connection, config, today)
    return Report(as_of=now, smallest=config.smallest, days=recent, **states, **months)


def _states(connection: Connection, smallest: int, now: datetime) -> dict[str, Any]:
    """Return how dossiers and accounts stand at this moment."""
    accounts, dossiers = counts.accounts(connection), counts.dossiers(connection)
    stand = {
        "waiting": accounts.waiting,
        "granted": accounts.granted,
        "active": accounts.active,
    }
    shown = privacy.withhold(stand, smallest)
    granted = {"granted": accounts.granted, "active": accounts.active}
    levels = {1: accounts.level1, 2: accounts.level2}
    by_level = privacy.withhold(levels, smallest)
    return {
        "dossiers": privacy.total(dossiers.states, smallest),
        "dossier_states": privacy.withhold(dossiers.states, smallest),
        "refusals": privacy.withhold(dossiers.refusals, smallest),
        "overdue": _overdue(connection, dossiers, smallest, now),
        "accounts": shown,
        "activation": Share(
            privacy.withhold(granted, smallest)["active"]
            if shown["active"] is not None
            else None,
            privacy.total(granted, smallest),
        ),
        "levels": by_level,
        "level2": Share(by_level[2], privacy.total(levels, smallest)),
        "organisations": privacy.shown(accounts.organisations, smallest),
    }


def _overdue(
    connection: Connection, dossiers: counts.DossierTotals, smallest: int, now: datetime
) -> Cell:
    # The index on state and term makes this a look at what is late alone.
    query = sa.select(sa.func.count()).where(
        _DOSSIERS.c.state.in_(_OPEN),
        _DOSSIERS.c.due_at <= round(now.timestamp() * 1_000_000),
    )
    late = connection.execute(query).scalar_one()
    in_time = sum(dossiers.states[state] for state in _OPEN) - late
    return privacy.withhold({"late": late, "in_time": in_time}, smallest)["late"]


def _recent(
    connection: Connection, config: FiguresConfig, today: date
) -> dict[str, Cell]:
    """Return the uses of each day that is over, of the last ones."""
    first, last = today - config.shown_days * _DAY, today - _DAY
    counted = traffic.between(connection, first, last).by_day
    each = (first + number * _DAY for number in range(config.shown_days))
    return {str(day): privacy.shown(counted[str(day)], config.smallest) for day in each}


def _month(
    connection: Connection, smallest: int, first: date, today: date
) -> dict[str, Any]:
    following = (first + 31 * _DAY).replace(day=1)
    is_over, last = following <= today, min(following - _DAY, today)
    used = traffic.between(connection, first, last)
    way = traffic.way_between(connection, first, last)

    def steady(cells: Mapping[str, Cell]) -> dict[str, Cell]:
        return {
            key: count
            if is_over or count is None
            else privacy.rounded_down(count, smallest)
            for key, count in cells.items()
        }

    def parts(cells: Mapping[str, int]) -> dict[str, Cell]:
        return steady(privacy.withhold(cells, smallest))

    def alone(cells: Mapping[str, int]) -> dict[str, Cell]:
        """Return cells whose sum is told nowhere."""
        return steady({key: privacy.shown(cells[key], smallest) for key in cells})

    return {
        "month": first.strftime("%Y-%m"),
        "is_month_over": is_over,
        "portals": parts(used.by_portal),
        "provinces": parts(used.by_province),
        "way": alone({stage: way.stages[stage] for stage in WAY}),
        "silent": alone({"silent": way.stages["silent"]})["silent"],
        "failures": alone(way.failures),
        "tries": alone(way.tries),
    }
