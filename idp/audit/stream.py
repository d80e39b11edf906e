"""The rows of the log as a driver gives them, in the order of their chains.

A proof reads hundreds of millions: plain values, on a cursor of the server's side, at
a sixth of Core's cost. Memory stays what one batch takes.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy.engine import Connection

BATCH = 2000
_QUERY = """
SELECT month, shard, seq, at, type, {account}, data, personal_sealed, number_index,
    previous_hash, hash
FROM audit_events
WHERE month >= {mark} AND month <= {mark}
ORDER BY month, shard, seq
"""
_CHAIN_QUERY = """
SELECT month, shard, seq, at, type, {account}, data, personal_sealed, number_index,
    previous_hash, hash
FROM audit_events
WHERE month = {mark} AND shard = {mark} AND seq > {mark}
ORDER BY seq
"""
# The text of an id, as it was hashed; SQLite keeps its digits alone.
_DASHED = " || '-' || ".join(
    f"substr(account_id, {first}, {digits})"
    for first, digits in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
)
_WORDS = {
    "postgresql": {"account": "account_id::text", "mark": "%s"},
    "sqlite": {"account": _DASHED, "mark": "?"},
}


class Row(NamedTuple):
    """One event; `at` in microseconds since the epoch, `account` as text."""

    month: str
    shard: int
    seq: int
    at: int
    type: str
    account: str | None
    data: str
    personal_sealed: bytes | None
    number_index: bytes | None
    previous_hash: bytes
    hash: bytes


class Span(NamedTuple):
    """The months that are looked at, the first and the last among them."""

    since: str = ""
    until: str = "9999-12"

    def holds(self, month: str) -> bool:
        """Say whether the month is one of them."""
        return self.since <= month <= self.until


def rows(connection: Connection, span: Span) -> Iterator[tuple[Any, ...]]:
    """Yield the values of every `Row` of these months, chain after chain.

    Of a connection in a transaction (`Database.snapshot`).
    """
    return _stream(connection, _QUERY, tuple(span))


def chain_rows(
    connection: Connection, month: str, shard: int, after: int
) -> Iterator[tuple[Any, ...]]:
    """Yield the values of one chain's rows behind the row with this number."""
    return _stream(connection, _CHAIN_QUERY, (month, shard, after))


def _stream(
    connection: Connection, query: str, values: tuple[Any, ...]
) -> Iterator[tuple[Any, ...]]:
    name = connection.dialect.name
    driver: Any = connection.connection.driver_connection
    if name == "postgresql":
        cursor = driver.cursor(name="audit_rows", binary=True)
    else:
        cursor = driver.cursor()
    try:
        cursor.execute(query.format(**_WORDS[name]), values)
        while batch := cursor.fetchmany(BATCH):
            yield from batch
    finally:
        cursor.close()
