"""Bring the database to the schema of this release, and say whether it is there."""

from functools import cache
from importlib import resources

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from idp.storage.database import Database

_LOCK = 0xD1D_A9  # any number that no other program locks in our database


def upgrade(database: Database) -> None:
    """Apply every missing migration in one transaction; parallel callers take turns."""
    # On SQLite the transaction itself is the lock (BEGIN IMMEDIATE).
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(connection: Connection) -> str | None:
    """Return the revision of the database, None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the revision that this release was written for."""
    return _scripts().get_current_head() or ""


def pending(database: Database) -> list[str]:
    """Return the revisions that `upgrade` would apply, in order.

    A database that is ahead of this release lacks nothing: migrations expand first,
    so that the release before still runs on it.
    """
    with database.read() as connection:
        return missing_from(connection)


def missing_from(connection: Connection) -> list[str]:
    """Return the same, by a connection that is open."""
    at, known = current(connection), _known()
    if at is None:
        return list(known)
    return list(known[known.index(at) + 1 :]) if at in known else []


def is_current(database: Database) -> bool:
    """Say whether this release can run on the database as it is."""
    return not pending(database)


@cache
def _known() -> tuple[str, ...]:
    """Return every revision of this release, from the first on; files do not change."""
    return tuple(script.revision for script in _scripts().walk_revisions())[::-1]


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_alembic())


def _alembic() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(resources.files("migrations")))
    return config
