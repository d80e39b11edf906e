"""The versions of the sealing keys in the database, behind `keys.versions`."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from idp.storage.database import Database
from idp.storage.key_models import SecretRecord
from keys.errors import StoreUnreachableError
from keys.versions import Version, parse_name

_LOCK = 0xD1D_5EA  # any number that no other program locks in our database


class DatabaseVersionStore:
    """The versions that one database keeps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def versions(self) -> list[Version]:
        """Return every version of both keys."""
        try:
            with self._database.read() as connection:
                return read_versions(connection)
        except SQLAlchemyError as error:
            raise StoreUnreachableError("cannot read the sealing keys") from error


def read_versions(connection: Connection | Session) -> list[Version]:
    """Return every version of both keys."""
    rows = connection.execute(sa.select(SecretRecord.__table__))
    return [
        Version(
            *parsed,
            sealed=row.sealed,
            created_at=row.created_at,
            # The first version was in use before there was a second.
            activated_at=row.created_at if parsed[1] == 1 else row.activated_at,
            destroyed_at=row.destroyed_at,
        )
        for row in rows
        if (parsed := parse_name(row.name)) is not None
    ]


def hold_index_version(session: Session) -> int:
    """Return which index key is in use, and keep it so until the transaction ends."""
    query = (
        sa.select(SecretRecord.__table__)
        .where(SecretRecord.name.like("index%"))
        .with_for_update(read=True)  # SQLite's one writer excludes others anyway
    )
    rows = session.execute(query).all()
    used = [1, *(_number(row.name) for row in rows if row.activated_at is not None)]
    return max(used)


def _number(name: str) -> int:
    parsed = parse_name(name)
    return parsed[1] if parsed else 1


def lock_versions(session: Session) -> None:
    """Let nobody else move a version on until this transaction ends."""
    # On SQLite the transaction itself is the lock (BEGIN IMMEDIATE). It does not
    # conflict with `hold_index_version`: the update of a row does, and waits.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def write_version(session: Session, version: Version) -> None:
    """Insert a version that is not in use yet."""
    session.add(
        SecretRecord(
            name=version.name,
            sealed=version.sealed,
            created_at=version.created_at,
        )
    )
    session.flush()


def activate_version(session: Session, version: Version, *, now: datetime) -> None:
    """Put a version to use; waits for transactions that hold the one before."""
    _update(session, version, activated_at=now)


def destroy_version(session: Session, version: Version, *, now: datetime) -> None:
    """Erase a version for good."""
    _update(session, version, sealed=b"", destroyed_at=now)


def _update(session: Session, version: Version, **values: object) -> None:
    session.execute(
        sa.update(SecretRecord)
        .where(SecretRecord.name == version.name)
        .values(values)
        .execution_options(synchronize_session=False)
    )
