"""The relational database: engine, declarative base, column types, transactions.

SQLite (WAL) is the embedded default, PostgreSQL through psycopg 3 the production one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from idp.storage import sqlite_file
from idp.storage.idle import IdleConnections
from idp.storage.prepared import Reader

_SQLITE_PATIENCE = 30.0  # seconds that a writer waits for the others


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as microseconds so that both backends agree."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Refuse naive datetimes; store microseconds since the epoch."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return round(value.timestamp() * 1_000_000)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """Return an aware UTC datetime."""
        del dialect
        return None if value is None else datetime.fromtimestamp(value / 1e6, UTC)


class Base(DeclarativeBase):
    """Every model's base; tables reference each other by table name only."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's protocol
        datetime: UtcDateTime,
        dict[str, Any]: sa.JSON,
        list[str]: sa.JSON,
        bytes: sa.LargeBinary,
    }


class Database:
    """The database of one process, with its four ways in.

    `read` is for queries, `look_up` for prepared ones, `transaction` for effects,
    `snapshot` for long reports.
    """

    def __init__(self, url: str | sa.URL, *, pool_size: int = 5) -> None:
        create = (
            _sqlite_engine
            if sa.make_url(url).get_backend_name() == "sqlite"
            else _postgresql_engine
        )
        self.engine = create(url, pool_size, read_only=False)
        self._reader = create(url, pool_size, read_only=True)
        self._idle: IdleConnections[Reader] = IdleConnections()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a read-only connection outside any transaction, for plain look-ups."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def look_up(self) -> Iterator[Reader]:
        """Yield a reader for prepared look-ups: `read` without the pool's cost.

        Should the driver fail, every idle reader is given up: the server went away.
        """
        reader = self._idle.take() or self._new_reader()
        try:
            yield reader
        except _driver_errors(reader):
            reader.cursor.connection.close()
            self._drop_readers()
            raise
        except BaseException:
            self._idle.give(reader)
            raise
        self._idle.give(reader)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session that commits once at the end, or rolls back on an error."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Yield a read-only connection that sees one moment, however long it reads."""
        with self._reader.connect() as connection:
            connection.exec_driver_sql(_BEGIN_SNAPSHOT[connection.dialect.name])
            try:
                yield connection
            finally:
                connection.exec_driver_sql("ROLLBACK")

    def close(self) -> None:
        """Give every connection back."""
        self._drop_readers()
        self.engine.dispose()
        self._reader.dispose()

    def _new_reader(self) -> Reader:
        pooled = self._reader.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()  # it is the reader's alone from now on
        return Reader(connection.cursor(), self._reader.dialect)

    def _drop_readers(self) -> None:
        while reader := self._idle.take():
            reader.cursor.connection.close()


def _driver_errors(reader: Reader) -> type[Exception]:
    error: type[Exception] = reader.dialect.loaded_dbapi.Error
    return error


_BEGIN_SNAPSHOT = {
    "sqlite": "BEGIN",  # in WAL mode a reader keeps the moment of its first look
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}

# Readers autocommit on the server's side of the driver: nothing to begin, roll back
# or reset around a look-up, which halves its cost.
_READER: dict[str, Any] = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
}


def _postgresql_engine(url: str | sa.URL, pool_size: int, *, read_only: bool) -> Engine:
    connect_args = {"application_name": "dinhdanh"}
    if read_only:
        connect_args["options"] = "-c default_transaction_read_only=on"
    return sa.create_engine(
        url,
        connect_args=connect_args,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_recycle=1800,
        pool_use_lifo=True,
        **(_READER if read_only else {}),
    )


def _sqlite_engine(url: str | sa.URL, pool_size: int, *, read_only: bool) -> Engine:
    if path := sa.make_url(url).database:
        sqlite_file.create(Path(path))
    engine = sa.create_engine(
        url,
        connect_args={"timeout": _SQLITE_PATIENCE},
        pool_size=pool_size,
        max_overflow=pool_size,
        **(_READER if read_only else {}),
    )
    event.listen(engine, "connect", _prepare_sqlite)
    if read_only:
        event.listen(engine, "connect", _refuse_writes)
    else:
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    sqlite_file.switch_on(connection, patience=_SQLITE_PATIENCE)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _refuse_writes(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    # A deferred transaction that first reads and then writes fails with "database is
    # locked" at once, whatever the timeout; taking the write lock first waits in line.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
