"""Many rows at once: binary COPY on PostgreSQL, one prepared statement on SQLite.

Rows are values that both drivers take nearly as they are: moments as microseconds, and
ids, which SQLite keeps as their 32 hexadecimal digits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.storage.database import Base

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
    types = [Base.metadata.tables[table].columns[name].type for name in columns]
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table} ({names})", types, rows)
        return
    marks = ", ".join("?" * len(columns))
    text = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    ids = [place for place, kind in enumerate(types) if isinstance(kind, sa.Uuid)]
    connection.exec_driver_sql(text, [_embedded(row, ids) for row in rows])


def find_rows(
    connection: Connection, query: str, column: str, values: Sequence[bytes]
) -> list[Any]:
    """Return the rows of `query` whose indexed column has one of the values."""
    if connection.dialect.name == "postgresql":
        text = f"{query} WHERE {column} = ANY(%b)"
        return list(connection.exec_driver_sql(text, (list(values),)))
    found: list[Any] = []
    for start in range(0, len(values), _PARAMETERS):
        part = tuple(values[start : start + _PARAMETERS])
        text = f"{query} WHERE {column} IN ({', '.join('?' * len(part))})"
        found.extend(connection.exec_driver_sql(text, part))
    return found


def microseconds(moment: datetime) -> int:
    """Return a moment as `storage.database.UtcDateTime` keeps it."""
    return round(moment.timestamp() * 1_000_000)


def _embedded(row: Sequence[Any], ids: Sequence[int]) -> tuple[Any, ...]:
    values = list(row)
    for place in ids:
        if values[place] is not None:
            values[place] = values[place].hex
    return tuple(values)


def _copy(
    connection: Connection,
    text: str,
    types: Sequence[Any],
    rows: Sequence[Sequence[Any]],
) -> None:
    driver: Any = connection.connection.driver_connection
    dbapi: Any = connection.dialect.loaded_dbapi
    text = f"{text} FROM STDIN (FORMAT BINARY)"
    try:
        with driver.cursor() as cursor, cursor.copy(text) as copy:
            copy.set_types([_type_name(kind, connection.dialect) for kind in types])
            for row in rows:
                copy.write_row(row)
    except dbapi.IntegrityError as error:
        raise sa.exc.IntegrityError(text, None, error) from error


def _type_name(kind: Any, dialect: sa.Dialect) -> str:
    name: str = kind.compile(dialect=dialect).lower()
    return name.partition("(")[0]
