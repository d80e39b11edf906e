"""`idp restore`: an archive's way back, into an empty database only."""

from contextlib import closing
from pathlib import Path

import click
import sqlalchemy as sa
from rich.progress import Progress

from idp import clock
from idp.backup.restoring import restore
from idp.cli.backup import FILE
from idp.cli.context import CliContext, pass_cli
from idp.storage import migration
from idp.storage.database import Database
from idp.storage.key_material import open_kek
from idp.storage.key_models import KeyRecord
from idp.storage.opening import open_database
from idp.storage.tables import all_tables
from keys.errors import KeysError


@click.command()
@click.argument("file", type=FILE)
@pass_cli
def group(cli: CliContext, *, file: Path) -> None:
    """Write the archive FILE into the configured database, which must be empty.

    Migrate it first (`idp db upgrade`), without `idp keys init`. Everything is checked
    before it counts: seal, counts, digests, the audit log. What the ephemeral store
    holds is in no archive: whoever was in the middle of a sign-in begins again.
    """
    with closing(open_database(cli.config)) as database:
        if not migration.is_current(database):
            raise click.ClickException("run `idp db upgrade` first")
        try:
            with file.open("rb") as archive, Progress(transient=True) as progress:
                task = progress.add_task("Restoring", total=len(all_tables()))
                rows = restore(
                    database,
                    archive,
                    open_kek(cli.config),
                    now=clock.now(),
                    on_table=lambda _table, _rows: progress.advance(task),
                )
        except (KeysError, OSError) as error:
            raise click.ClickException(f"{error}; nothing was written") from error
        rings = _revived(database)
    click.echo(f"{rows} rows restored; every table and the audit log are whole.")
    click.echo(
        f"Keys came back in {', '.join(rings) or 'no ring'}. One that was killed or "
        "destroyed after the archive was made lives again: kill it again, or rotate "
        "its ring, before you serve (idp keys status)."
    )


def _revived(database: Database) -> list[str]:
    """Return the rings that have keys as the archive knew them."""
    query = sa.select(KeyRecord.ring).where(KeyRecord.destroyed_at.is_(None))
    with database.read() as connection:
        return sorted(set(connection.execute(query).scalars()))
