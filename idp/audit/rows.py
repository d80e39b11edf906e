"""The statements that append one row to its chain: the hottest writes there are.

PostgreSQL locks the head, hashes, inserts and moves the head in one statement; SQLite,
where a transaction that writes is alone anyway, in three. Both go to the driver as they
are, for less than a third of Core's cost. The hash is that of `chain.link_hash`.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from idp.audit.chain import Link, encode, genesis
from idp.audit.models import AuditHead
from idp.storage.prepared import reader_on

_APPEND = """
WITH head AS MATERIALIZED (
    SELECT seq, hash FROM audit_heads
    WHERE month = %(month)s AND shard = %(shard)s
    FOR UPDATE
), event AS (
    INSERT INTO audit_events (
        month, shard, seq, at, type, account_id, data, personal_sealed,
        number_index, previous_hash, hash
    )
    SELECT
        %(month)s, %(shard)s, seq + 1, %(at)s::bigint, %(type)s, %(account_id)s::uuid,
        %(data)s, %(personal_sealed)s::bytea,
        %(number_index)s::bytea, hash, sha256(hash || %(record)s::bytea)
    FROM head
    RETURNING seq, hash
)
UPDATE audit_heads SET seq = event.seq, hash = event.hash FROM event
WHERE audit_heads.month = %(month)s AND audit_heads.shard = %(shard)s
"""
_HEADS = {
    "sqlite": "SELECT seq, hash FROM audit_heads WHERE month = ? AND shard = ?",
    "postgresql": "SELECT seq, hash FROM audit_heads WHERE month = %s AND shard = %s"
    " FOR UPDATE",
}
INSERT_EMBEDDED = """
INSERT INTO audit_events (
    month, shard, at, type, account_id, data, personal_sealed, number_index,
    seq, previous_hash, hash
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
MOVE_EMBEDDED = "UPDATE audit_heads SET seq = ?, hash = ? WHERE month = ? AND shard = ?"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event to append: its chained part, and what stands beside it."""

    link: Link
    personal_sealed: bytes | None
    number_index: bytes | None


def append_postgresql(connection: Connection, entry: Entry) -> None:
    """Append one row; parallel callers of one chain wait for each other's commit."""
    link = entry.link
    values = {
        "month": link.month,
        "shard": link.shard,
        "at": microseconds(link),
        "type": link.type,
        "account_id": link.account_id,
        "data": link.data,
        "personal_sealed": entry.personal_sealed,
        "number_index": entry.number_index,
        "record": encode(link),
    }
    place = reader_on(connection)
    place.send(_APPEND, values)
    if place.cursor.rowcount == 0:
        _open_chain(connection, link.month, link.shard)
        place.send(_APPEND, values)


def append_embedded(connection: Connection, entry: Entry) -> None:
    """Append one row; the transaction holds SQLite's write lock already."""
    link = entry.link
    place = (link.month, link.shard)
    head = lock_head(connection, *place)
    seq, digest = head.seq + 1, sha256(head.hash + encode(link)).digest()
    account = None if link.account_id is None else link.account_id.hex
    chained = (microseconds(link), link.type, account, link.data)
    beside = (entry.personal_sealed, entry.number_index)
    row = (*place, *chained, *beside, seq, head.hash, digest)
    connection.exec_driver_sql(INSERT_EMBEDDED, row)
    connection.exec_driver_sql(MOVE_EMBEDDED, (seq, digest, *place))


def lock_head(connection: Connection, month: str, shard: int) -> Any:
    """Return the `seq` and `hash` of a chain's head, held until the commit."""
    text = _HEADS[connection.dialect.name]
    head = connection.exec_driver_sql(text, (month, shard)).one_or_none()
    if head is None:
        _open_chain(connection, month, shard)
        head = connection.exec_driver_sql(text, (month, shard)).one()
    return head


def _open_chain(connection: Connection, month: str, shard: int) -> None:
    """Make the head of a month's chain; of parallel callers one does."""
    is_postgresql = connection.dialect.name == "postgresql"
    insert: Any = postgresql.insert if is_postgresql else sqlite.insert
    connection.execute(
        insert(sa.inspect(AuditHead).local_table)
        .values(month=month, shard=shard, seq=0, hash=genesis(month, shard))
        .on_conflict_do_nothing()
    )


def microseconds(link: Link) -> int:
    """Return the moment as `storage.database.UtcDateTime` keeps it."""
    return round(link.at.timestamp() * 1_000_000)
