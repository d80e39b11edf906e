"""The few statements that every request makes, at a fraction of Core's cost.

A statement is written in Core; its first use compiles it for the database at hand, and
from then on it goes to the driver as text with its parameters, on a cursor that stays:
Core would build a cursor, an execution context and a result each time.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import Session

_CURSOR = "idp.storage.prepared"
_Convert = Callable[[Any], Any] | None
_named_tuple: Any = namedtuple  # noqa: PYI024 - its fields are known only when it runs


@dataclass(frozen=True, slots=True)
class Reader:
    """A driver's cursor on a read-only connection outside any transaction."""

    cursor: Any
    dialect: Dialect

    def send(self, text: str, values: Any) -> Any:
        """Execute one statement; the cursor holds what came of it."""
        return self.cursor.execute(text, values)


Place = Reader | Connection | Session


class Prepared:
    """A statement that is compiled once for each kind of database."""

    def __init__(self, statement: sa.Select[Any] | sa.Insert | sa.Update) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def find(self, on: Place, values: Mapping[str, Any]) -> Any | None:
        """Return the one row as a named tuple, or None; `values` names parameters."""
        compiled, cursor = self._send(on, values)
        rows = cursor.fetchall()  # to the end, or SQLite would keep its read lock
        return compiled.convert(rows[0]) if rows else None

    def run(self, on: Connection | Session, values: Mapping[str, Any]) -> None:
        """Write what the statement says, in the transaction of `on`."""
        self._send(on, values)

    def _send(self, on: Place, values: Mapping[str, Any]) -> tuple["_Compiled", Any]:
        reader = on if isinstance(on, Reader) else reader_on(on)
        compiled = self._compiled.get(reader.dialect.name)
        if compiled is None:
            compiled = _Compiled(self._statement, reader.dialect)
            self._compiled[reader.dialect.name] = compiled
        reader.send(compiled.text, compiled.bind(values))
        return compiled, reader.cursor


def reader_on(on: Connection | Session) -> Reader:
    """Return the one cursor that a pooled connection keeps for prepared statements."""
    connection = on.connection() if isinstance(on, Session) else on
    reader: Reader | None = connection.info.get(_CURSOR)
    if reader is None:
        reader = Reader(connection.connection.cursor(), connection.dialect)
        connection.info[_CURSOR] = reader
    return reader


class _Compiled:
    """The text for one dialect, with what turns values into its types and back."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._order = compiled.positiontup if compiled.positional else None
        self._parameters: list[tuple[str, Any, _Convert]] = [
            (name, bind.value, bind.type.dialect_impl(dialect).bind_processor(dialect))
            for bind, name in compiled.bind_names.items()
        ]
        columns = statement.exported_columns  # of a SELECT or of RETURNING
        names = [column.key for column in columns]
        self._new_row: Any = _named_tuple("Row", names)._make
        self._converts: list[_Convert] = [
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in columns
        ]

    def bind(self, values: Mapping[str, Any]) -> Any:
        """Return the driver's parameters."""
        bound = {}
        for name, constant, convert in self._parameters:
            value = values.get(name, constant)
            bound[name] = value if convert is None else convert(value)
        return bound if self._order is None else [bound[name] for name in self._order]

    def convert(self, row: tuple[Any, ...]) -> Any:
        """Return the driver's row in our types."""
        pairs = zip(self._converts, row, strict=True)
        return self._new_row(
            value if convert is None else convert(value) for convert, value in pairs
        )
