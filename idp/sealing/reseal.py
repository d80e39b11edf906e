"""Bring every row up to the keys in use, in batches, while everybody goes on writing.

What is left to do stands in the rows themselves, so a run may be stopped at any moment
and begun again. A row is written only if nobody changed it since it was read; what was
changed is looked at again in the next round.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.sealing.columns import SealedTable, sealed_tables
from idp.storage.database import Database
from idp.storage.versions import read_versions
from keys.errors import SealError
from keys.sealing import Sealer
from keys.versions import active_number

_ROUNDS = 10
_Change = tuple[dict[str, Any], dict[str, bytes]]  # a row, and its new values


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many rows were written, and the tables of those that do not open."""

    rows: int
    unreadable: dict[str, int]
    left: int


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions that are in use."""

    seal: int
    index: int


def in_use(connection: Connection) -> Versions:
    """Return the versions to bring rows up to."""
    versions = read_versions(connection)
    return Versions(active_number(versions, "seal"), active_number(versions, "index"))


def count_behind(connection: Connection, versions: Versions) -> int:
    """Return how many rows have a value under another version."""
    return sum(
        connection.scalar(
            sa.select(sa.func.count())
            .select_from(one.table)
            .where(one.is_behind(versions.seal, versions.index))
        )
        or 0
        for one in sealed_tables()
    )


def reseal(
    database: Database,
    sealer: Sealer,
    versions: Versions,
    *,
    batch: int = 1000,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Bring every table up; rows that do not open are left and counted."""
    written, unreadable = 0, {}
    for one in sealed_tables():
        for _ in range(_ROUNDS):
            rows, bad = 0, 0
            for chunk in _batches(database, one, versions, batch):
                changes, unread = _changes(sealer, one, versions, chunk)
                done = _write(database, one, changes)
                rows, bad = rows + done, bad + unread
                on_rows(done)
            written += rows
            if rows == 0:
                break
        if bad:
            unreadable[one.table.name] = bad
    with database.read() as connection:
        left = count_behind(connection, versions)
    return Outcome(written, unreadable, left)


def _changes(
    sealer: Sealer, one: SealedTable, versions: Versions, rows: list[dict[str, Any]]
) -> tuple[list[_Change], int]:
    """Return the rows' new values, and how many rows do not open."""
    changes: list[_Change] = []
    unread = 0
    for row in rows:
        try:
            new = one.brought_up(sealer, row, versions.seal, versions.index)
        except SealError:
            unread += 1
            continue
        if new:
            changes.append((row, new))
    return changes, unread


def _batches(
    database: Database, one: SealedTable, versions: Versions, size: int
) -> Iterator[list[dict[str, Any]]]:
    last: Sequence[Any] | None = None
    query = (
        sa.select(*one.columns)
        .where(one.is_behind(versions.seal, versions.index))
        .order_by(*one.key)
        .limit(size)
    )
    while True:
        following = query if last is None else query.where(_after(one, last))
        with database.read() as connection:
            rows = [dict(row) for row in connection.execute(following).mappings()]
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = [rows[-1][column.name] for column in one.key]


def _after(one: SealedTable, last: Sequence[Any]) -> sa.ColumnElement[bool]:
    values = [
        sa.literal(value, column.type)
        for column, value in zip(one.key, last, strict=True)
    ]
    if len(values) == 1:
        return one.key[0] > values[0]
    return sa.tuple_(*one.key) > sa.tuple_(*values)


def _write(database: Database, one: SealedTable, changes: list[_Change]) -> int:
    try:
        with database.transaction() as session:
            return _update(session.connection(), one, changes)
    except sa.exc.OperationalError:
        return 0  # somebody waited for us as we for them: the next round has them
    except sa.exc.IntegrityError:
        return sum(_write_alone(database, one, change) for change in changes)


def _write_alone(database: Database, one: SealedTable, change: _Change) -> int:
    """Write one row; where a newer one stands for it already, remove it."""
    try:
        with database.transaction() as session:
            return _update(session.connection(), one, [change])
    except sa.exc.IntegrityError:
        if "replaced" not in one.blind.values():
            raise
    row, _ = change
    with database.transaction() as session:
        session.execute(
            sa.delete(one.table).where(
                *(column == row[column.name] for column in one.key)
            )
        )
    return 1


def _update(
    connection: Connection, one: SealedTable, changes: Sequence[_Change]
) -> int:
    """Write the new values where the old ones still are; return how many it were."""

    def names(change: _Change) -> tuple[str, ...]:
        return tuple(sorted(change[1]))

    written = 0
    for chosen, group in groupby(sorted(changes, key=names), key=names):
        keyed = [column.name for column in one.key]
        compared = dict.fromkeys([*keyed, *chosen])
        statement = (
            sa.update(one.table)
            .where(
                *(one.table.c[name] == sa.bindparam(f"old_{name}") for name in compared)
            )
            .values({name: sa.bindparam(f"new_{name}") for name in chosen})
        )
        parameters = [
            {f"old_{name}": row[name] for name in compared}
            | {f"new_{name}": new[name] for name in chosen}
            for row, new in group
        ]
        written += max(0, connection.execute(statement, parameters).rowcount)
    return written
