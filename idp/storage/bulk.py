"""Many rows at once: COPY on PostgreSQL, one prepared statement on SQLite.

Rows are the driver's own values: moments as microseconds, ids as UUID on PostgreSQL
and as 32 hexadecimal digits on SQLite, as `storage.database` keeps them.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_PARAMETERS = 5000  # SQLite takes 32,766 in one statement


def insert_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Insert rows in the connection's transaction; raises SQLAlchemy's errors."""
    if not rows:
        return
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table} ({names}) FROM STDIN", rows)
        return
    marks = ", ".join("?" * len(columns))
    text = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    connection.exec_driver_sql(text, [tuple(row) for row in rows])


def known_values(
    connection: Connection, column: Any, values: Sequence[Any]
) -> set[Any]:
    """Return which of the values the (indexed) column has already."""
    found: set[Any] = set()
    for start in range(0, len(values), _PARAMETERS):
        part = values[start : start + _PARAMETERS]
        query = sa.select(column).where(column.in_(part))
        found.update(connection.execute(query).scalars())
    return found


def _copy(connection: Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.loaded_dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(text) as copy:
            for row in rows:
                copy.write_row(row)
    except dbapi.IntegrityError as error:
        raise sa.exc.IntegrityError(text, None, error) from error
