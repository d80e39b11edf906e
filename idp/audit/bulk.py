"""Append many events at once: the very chains that one by one would give.

An import writes thousands of rows in a transaction. Their heads are locked in the one
order of `audit.append`, advanced once, and the rows go in by COPY on PostgreSQL and by
one prepared statement on SQLite. What can be computed before the place in the chain is
known (`ready`) may be computed in another process.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.engine import Connection

from idp.audit.chain import encode, link_to
from idp.audit.event import Event
from idp.audit.rows import MOVE_EMBEDDED, Entry, lock_head, microseconds
from idp.storage.bulk import insert_rows

_COLUMNS = (
    "month",
    "shard",
    "at",
    "type",
    "account_id",
    "data",
    "personal_sealed",
    "number_index",
    "seq",
    "previous_hash",
    "hash",
)
_MOVE_POSTGRESQL = """
UPDATE audit_heads SET seq = %s, hash = %s WHERE month = %s AND shard = %s
"""


class Ready(NamedTuple):
    """An event encoded for its chain, as plain values, and what stands beside it."""

    month: str
    shard: int
    at: int
    type: str
    account_id: UUID | None
    data: str
    record: bytes
    personal_sealed: bytes | None = None
    number_index: bytes | None = None


def ready(event: Event, *, at: datetime) -> Ready:
    """Return all of an event's row that does not depend on its place in the chain.

    The event has nothing personal.
    """
    return ready_entry(Entry(link_to(event, event.data(), at=at), None, None))


def ready_entry(entry: Entry) -> Ready:
    """Return the same of an entry that is recorded already."""
    link = entry.link
    return Ready(
        link.month,
        link.shard,
        microseconds(link),
        link.type,
        link.account_id,
        link.data,
        encode(link),
        entry.personal_sealed,
        entry.number_index,
    )


def append_all(connection: Connection, entries: Iterable[Ready]) -> None:
    """Append the entries, each chain's in the order given, in this transaction.

    Call it last: from here to the commit no one else appends to these chains.
    """
    rows: list[tuple[Any, ...]] = []
    moves: list[tuple[Any, ...]] = []
    place = itemgetter(0, 1)
    for (month, shard), chain in groupby(sorted(entries, key=place), key=place):
        seq, digest = lock_head(connection, month, shard)
        for entry in chain:
            previous, seq = digest, seq + 1
            digest = sha256(previous + entry.record).digest()
            fixed = (month, shard, entry.at, entry.type, entry.account_id, entry.data)
            beside = (entry.personal_sealed, entry.number_index)
            rows.append((*fixed, *beside, seq, previous, digest))
        moves.append((seq, digest, month, shard))
    if not rows:
        return
    insert_rows(connection, "audit_events", _COLUMNS, rows)
    is_postgresql = connection.dialect.name == "postgresql"
    move = _MOVE_POSTGRESQL if is_postgresql else MOVE_EMBEDDED
    connection.exec_driver_sql(move, moves)
