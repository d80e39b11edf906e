"""Rows as lines of JSON that do not depend on the kind of database."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.storage.database import UtcDateTime

_BATCH = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Convert = Callable[[Any], Any]


def lines_of(connection: Connection, table: sa.Table) -> Iterator[bytes]:
    """Yield a line for each row, in the order of the primary key."""
    query = sa.select(table).order_by(*table.primary_key.columns)
    writers = [_writer(column.type) for column in table.c]
    rows = connection.execute(query, execution_options={"yield_per": _BATCH})
    for row in rows:
        values = [
            None if value is None else write(value)
            for write, value in zip(writers, row, strict=True)
        ]
        yield _line(values)


class RowsDigest:
    """A digest of a table's rows in any order: databases sort texts differently.

    Whoever could forge one by choosing rows would have to break the archive's seal.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Count a row in."""
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(sha256(line).digest())) % (1 << 256)

    def hexdigest(self) -> str:
        """Return the digest so far."""
        return f"{self._sum:064x}"


def row_reader(
    table: sa.Table, columns: Sequence[str], dialect: str
) -> Callable[[list[Any]], list[Any]]:
    """Return what turns a line's values into those that `storage.bulk` takes."""
    readers = [_reader(table.c[name].type, dialect) for name in columns]

    def read(values: list[Any]) -> list[Any]:
        return [
            None if value is None else reader(value)
            for reader, value in zip(readers, values, strict=True)
        ]

    return read


def _line(values: Any) -> bytes:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode() + b"\n"


def _writer(kind: Any) -> _Convert:
    if isinstance(kind, sa.LargeBinary):
        return lambda value: b64encode(value).decode()
    if isinstance(kind, sa.Uuid):
        return lambda value: value.hex
    if isinstance(kind, UtcDateTime):
        return lambda value: (value - _EPOCH) // timedelta(microseconds=1)
    return lambda value: value


def _reader(kind: Any, dialect: str) -> _Convert:
    if isinstance(kind, sa.LargeBinary):
        return b64decode
    if isinstance(kind, sa.Uuid):
        return UUID
    if isinstance(kind, sa.JSON) and dialect == "sqlite":
        return json.dumps
    return lambda value: value
