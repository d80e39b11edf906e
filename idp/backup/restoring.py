"""Write an archive into an empty database: all, proven to be whole, or nothing."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.proof import stored
from idp.audit.sealing_events import DatabaseRestored
from idp.audit.verification import verify
from idp.backup.archive import ArchiveError, Begin, End, Head, read_archive
from idp.backup.rows import RowsDigest, lines_of, row_reader
from idp.storage import migration
from idp.storage.bulk import insert_rows
from idp.storage.database import Database
from idp.storage.tables import all_tables, fills_itself
from idp.storage.versions import read_versions
from keys.versions import StoredSealer, Version

_BATCH = 1000


class _Restored:
    """The versions of the sealing keys in a transaction that is not over yet."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def versions(self) -> list[Version]:
        """Return every version of both keys."""
        return read_versions(self._session)


def restore(  # noqa: PLR0913 - the stores, then what hears of it
    database: Database,
    file: BinaryIO,
    kek: bytes,
    *,
    now: datetime,
    on_table: Callable[[str, int], None] = lambda _table, _rows: None,
    before_use: Callable[[Session, AuditLog, datetime], None] = lambda *_: None,
) -> int:
    """Restore into `database`, which must be migrated and empty; return the rows.

    Before the commit every row is read back and compared with the archive's digests,
    and the audit log's chains are proven. `before_use` is told the archive's moment in
    the same transaction: what it does nobody sees the database without.
    """
    with database.transaction() as session:
        connection = session.connection()
        _refuse_used(connection)
        ends, made_at = _load(connection, file, kek, on_table)
        _set_sequences(connection)
        for end in ends:
            _compare(connection, end)
        sealer = StoredSealer(_Restored(session), (kek,))
        checkpoints, broken = stored(connection)
        with closing(checkpoints):
            report = verify(connection, sealer, checkpoints=checkpoints)
        if report.faults or broken:
            raise ArchiveError("the audit log in the archive is not whole")
        rows = sum(end.rows for end in ends)
        event = DatabaseRestored(made_at.isoformat(), rows)
        audit = AuditLog(sealer)
        audit.record(session, event, now=now)
        before_use(session, audit, made_at)
    return rows


def _refuse_used(connection: Connection) -> None:
    for table in all_tables():
        query = sa.select(sa.literal(1)).select_from(table).limit(1)
        if not fills_itself(table) and connection.execute(query).first() is not None:
            raise ArchiveError(
                f"table {table.name} is not empty: restore into a new database, "
                "migrated by `idp db upgrade`, without `idp keys init`"
            )


def _load(
    connection: Connection,
    file: BinaryIO,
    kek: bytes,
    on_table: Callable[[str, int], None],
) -> tuple[list[End], datetime]:
    tables = {table.name: table for table in all_tables()}
    ends: list[End] = []
    made_at: datetime | None = None
    filling: _Filling | None = None
    for part in read_archive(file, kek):
        if isinstance(part, Head):
            made_at = part.made_at
            _check_schema(connection, part)
        elif isinstance(part, Begin):
            if part.table not in tables:
                raise ArchiveError(f"no table {part.table} in this release")
            filling = _Filling(connection, tables[part.table], part.columns)
        elif filling is None:
            raise ArchiveError("a row of no table")
        elif isinstance(part, End):
            filling.flush()
            ends.append(part)
            on_table(part.table, part.rows)
        else:
            filling.add(part)
    if made_at is None or {end.table for end in ends} != tables.keys():
        raise ArchiveError("the archive has not every table")
    return ends, made_at


class _Filling:
    """A table that is being filled, in portions."""

    def __init__(
        self, connection: Connection, table: sa.Table, columns: list[str]
    ) -> None:
        self._connection = connection
        self._table = table
        self._columns = columns
        self._read = row_reader(table, columns, connection.dialect.name)
        self._waiting: list[list[Any]] = []
        if fills_itself(table):
            # Triggers have counted what was written; the archive has the result.
            connection.execute(sa.delete(table))

    def add(self, values: list[Any]) -> None:
        """Take a row."""
        self._waiting.append(self._read(values))
        if len(self._waiting) == _BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        insert_rows(self._connection, self._table.name, self._columns, self._waiting)
        self._waiting.clear()


def _check_schema(connection: Connection, head: Head) -> None:
    here = migration.current(connection)
    if head.schema != here:
        raise ArchiveError(
            f"the archive is of schema {head.schema}, the database of {here}: restore "
            "with the release that made it, then upgrade"
        )


def _compare(connection: Connection, end: End) -> None:
    table = next(table for table in all_tables() if table.name == end.table)
    digest = RowsDigest()
    for line in lines_of(connection, table):
        digest.add(line)
    if (digest.rows, digest.hexdigest()) != (end.rows, end.digest):
        raise ArchiveError(f"table {end.table} does not read back as it was written")


def _set_sequences(connection: Connection) -> None:
    """Let numbers that PostgreSQL counts go on after the highest one."""
    if connection.dialect.name != "postgresql":
        return
    for table in all_tables():
        column = table.autoincrement_column
        if column is None:
            continue
        name = sa.func.pg_get_serial_sequence(table.name, column.name)
        highest = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1)
        is_called = sa.literal(value=False)
        connection.execute(
            sa.select(sa.func.setval(name, highest.scalar_subquery(), is_called))
        )
