"""`idp db`: create and migrate the database."""

import click
from rich.console import Console

from idp.cli.context import CliContext, pass_cli
from idp.storage import migration
from idp.storage.opening import open_database


@click.group()
def group() -> None:
    """Create and migrate the database."""


@group.command()
@pass_cli
def upgrade(cli: CliContext) -> None:
    """Bring the database to this release's schema; safe to run twice or in parallel."""
    database = open_database(cli.config)
    missing = migration.pending(database)
    migration.upgrade(database)
    database.close()
    done = f"applied {', '.join(missing)}" if missing else "nothing to do"
    Console().print(f"Database is at {migration.head()}: {done}.")


@group.command()
@pass_cli
def status(cli: CliContext) -> None:
    """Show the schema's revision; exit code 1 while migrations are pending."""
    database = open_database(cli.config)
    missing = migration.pending(database)
    with database.read() as connection:
        at = migration.current(connection) or "empty"
    database.close()
    waiting = f"pending: {', '.join(missing)}" if missing else "up to date"
    Console().print(f"Database is at {at}, release at {migration.head()}: {waiting}.")
    raise SystemExit(1 if missing else 0)
