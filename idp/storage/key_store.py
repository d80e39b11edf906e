"""The key rings' rows in the database, behind the protocols of `keys.ring`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from idp.storage.database import Database
from idp.storage.key_models import KeyRecord, SecretRecord
from keys.errors import StoreUnreachableError
from keys.ring import Ring, RingKey
from keys.ring_store import KeyChange, RingTransaction

Recorder = Callable[[Session, KeyChange], None]

_COLUMNS = [getattr(KeyRecord, item.name) for item in fields(RingKey)]
_SELECT_KEYS = sa.select(*_COLUMNS)
_SELECT_SECRETS = sa.select(SecretRecord.name, SecretRecord.sealed)


class DatabaseRingStore:
    """The store of one database; only one with a `record` may change keys.

    `record` writes the audit event of a change in the change's own transaction; the
    layers above hand it in (`idp.audit.key_changes`).
    """

    def __init__(self, database: Database, record: Recorder | None = None) -> None:
        self._database = database
        self._record = record

    def rows(self) -> list[RingKey]:
        """Return every stored key."""
        try:
            with self._database.read() as connection:
                return _keys(connection.execute(_SELECT_KEYS))
        except SQLAlchemyError as error:
            raise StoreUnreachableError("cannot read the signing keys") from error

    def secrets(self) -> dict[str, bytes]:
        """Return the sealed server secrets by name."""
        try:
            with self._database.read() as connection:
                rows = connection.execute(_SELECT_SECRETS)
                return {row.name: row.sealed for row in rows}
        except SQLAlchemyError as error:
            raise StoreUnreachableError("cannot read the server secrets") from error

    @contextmanager
    def locked(self) -> Iterator[RingTransaction]:
        """Open the transaction in which no other process changes keys or secrets."""
        with self._database.transaction() as session:
            _lock(session)
            yield _LockedRows(session, self._record)


class SessionRingStore:
    """The store inside a transaction that does more than change keys.

    Whoever holds the transaction takes this lock before its first audit event, as a
    rotation does, or two of them wait for each other.
    """

    def __init__(self, session: Session, record: Recorder) -> None:
        self._rows = _LockedRows(session, record)
        self._session = session

    def rows(self) -> list[RingKey]:
        """Return every stored key."""
        return self._rows.rows()

    def secrets(self) -> dict[str, bytes]:
        """Return the sealed server secrets by name."""
        return self._rows.secrets()

    @contextmanager
    def locked(self) -> Iterator[RingTransaction]:
        """Keep every other process from changing keys until the transaction ends."""
        _lock(self._session)
        yield self._rows


def hold_living(session: Session, ring: Ring) -> frozenset[str]:
    """Return the ring's keys, and let none die until the transaction ends.

    To be asked before the transaction's first audit event, as whoever kills one does.
    """
    living = (
        sa.select(KeyRecord.kid)
        .where(KeyRecord.ring == ring.name, KeyRecord.destroyed_at.is_(None))
        .with_for_update(read=True)  # SQLite's one writer excludes others anyway
    )
    return frozenset(session.execute(living).scalars())


def _lock(session: Session) -> None:
    # SQLite has taken its one write lock with BEGIN IMMEDIATE already. Here, readers
    # go on; a lock on rows would let two first keys in.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE"))


class _LockedRows:
    """The rows inside the lock."""

    def __init__(self, session: Session, record: Recorder | None) -> None:
        self._session = session
        self._record = record

    def rows(self) -> list[RingKey]:
        return _keys(self._session.execute(_SELECT_KEYS))

    def add(self, key: RingKey) -> None:
        self._session.execute(sa.insert(KeyRecord).values(_values(key)))

    def replace(self, key: RingKey) -> None:
        values = _values(key)
        self._session.execute(
            sa.update(KeyRecord).where(KeyRecord.kid == key.kid).values(values)
        )

    def note(self, change: KeyChange) -> None:
        if self._record is None:
            raise RuntimeError("a key may change only where its audit event is written")
        self._record(self._session, change)

    def secrets(self) -> dict[str, bytes]:
        rows = self._session.execute(_SELECT_SECRETS)
        return {row.name: row.sealed for row in rows}

    def add_secret(self, name: str, sealed: bytes, *, now: datetime) -> None:
        self._session.execute(
            sa.insert(SecretRecord).values(name=name, sealed=sealed, created_at=now)
        )


def _keys(rows: sa.Result[Any]) -> list[RingKey]:
    return [
        RingKey(**{**row, "ring": Ring.named(row["ring"])}) for row in rows.mappings()
    ]


def _values(key: RingKey) -> dict[str, object]:
    values = {item.name: getattr(key, item.name) for item in fields(key)}
    return {**values, "ring": key.ring.name}
