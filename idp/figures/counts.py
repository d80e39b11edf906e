"""How many accounts and dossiers are in which state, from the tables that count them.

Triggers write the counts, so no question here scans accounts or dossiers.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.figures.models import AccountCount, DossierCount
from idp.storage.database import Database

_FOLD_ABOVE = 1000


@dataclass(frozen=True, slots=True)
class AccountTotals:
    """Citizens' accounts by what became of them; organisations' are counted apart."""

    waiting: int
    granted: int
    active: int
    closed: int
    level1: int
    level2: int
    organisations: int


@dataclass(frozen=True, slots=True)
class DossierTotals:
    """Dossiers by state, by kind, and the refused ones by reason."""

    states: Counter[str]
    kinds: Counter[str]
    refusals: Counter[str]


def accounts(connection: Connection) -> AccountTotals:
    """Return how many accounts there are in each state and at each level.

    The levels are those of granted accounts, activated or not.
    """
    cells: Counter[tuple[int, str]] = Counter()
    model = AccountCount
    query = sa.select(model.level, model.state, sa.func.sum(model.count)).group_by(
        model.level, model.state
    )
    for level, state, count in connection.execute(query):
        cells[level, state] += int(count)

    def total(levels: tuple[int, ...], *states: str) -> int:
        return sum(cells[level, state] for level in levels for state in states)

    citizens = (1, 2)
    return AccountTotals(
        waiting=total(citizens, "submitted", "in_review"),
        granted=total(citizens, "granted"),
        active=total(citizens, "active"),
        closed=total(citizens, "closed"),
        level1=total((1,), "granted", "active"),
        level2=total((2,), "granted", "active"),
        organisations=total((0,), "granted", "active"),
    )


def dossiers(connection: Connection) -> DossierTotals:
    """Return how many dossiers there are in each state, of each kind."""
    states: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    keys = (DossierCount.state, DossierCount.kind, DossierCount.refusal)
    query = sa.select(*keys, sa.func.sum(DossierCount.count)).group_by(*keys)
    for state, kind, refusal, count in connection.execute(query):
        states[state] += int(count)
        kinds[kind] += int(count)
        if state == "refused":
            refusals[refusal] += int(count)
    return DossierTotals(states, kinds, refusals)


def fold(database: Database, *, above: int = _FOLD_ABOVE) -> None:
    """Add up the differences that PostgreSQL's triggers have appended.

    Safe at any time and in parallel: a difference is taken by one caller only.
    """
    for model in (AccountCount, DossierCount):
        table = cast("sa.Table", model.__table__)
        with database.read() as connection:
            rows = connection.execute(sa.select(sa.func.count()).select_from(table))
            if rows.scalar_one() <= above:
                continue
        with database.transaction() as session:
            taken = session.execute(sa.delete(table).returning(table)).all()
            if sums := _sums(taken):
                session.execute(sa.insert(table), sums)


def _sums(rows: Any) -> list[dict[str, Any]]:
    sums: Counter[tuple[tuple[str, Any], ...]] = Counter()
    for row in rows:
        keys = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
        count = keys.pop("count")
        del keys["id"]
        sums[tuple(keys.items())] += count
    return [{**dict(keys), "count": count} for keys, count in sums.items() if count]
