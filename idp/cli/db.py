"""`idp db`: create and migrate the database, purge what is past its term."""

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.figures import retention
from idp.storage import migration
from idp.storage.opening import open_database


@click.group()
def group() -> None:
    """Create and migrate the database, purge what is past its term."""


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


@group.command()
@click.option("--dry-run", is_flag=True, help="Count only; delete nothing.")
@pass_cli
def retain(cli: CliContext, *, dry_run: bool) -> None:
    """Delete or empty what is past its term; run it every day.

    History of use, sessions, personal parts of audit events, spent tokens, answers of
    the registry, evidence of refused dossiers, whole months of the audit log.

    Counts of days are kept, and each portion that is deleted is in the audit log.
    """
    done = retention.purge(cli.provider, now=clock.now(), dry_run=dry_run)
    table = Table("table", "older than", "would be deleted" if dry_run else "deleted")
    for item in done:
        table.add_row(item.table, f"{item.before:%Y-%m-%d}", f"{item.rows:,}")
    Console().print(table)
