"""`idp restore`: an archive's way back, into an empty database only."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import click
from rich.progress import Progress
from sqlalchemy.orm import Session

from idp import clock
from idp.approvals import break_glass
from idp.audit.log import AuditLog
from idp.backup.restoring import restore
from idp.cli.backup import FILE
from idp.cli.context import CliContext, pass_cli
from idp.custody import restored
from idp.storage import migration
from idp.storage.key_material import open_kek, open_opener
from idp.storage.opening import open_database
from idp.storage.tables import all_tables
from keys.errors import KeysError
from keys.ring import RingKey


@click.command()
@click.argument("file", type=FILE)
@click.option(
    "--killed",
    "killed",
    metavar="KID",
    multiple=True,
    help="A signing key that was killed after the archive was made; may be repeated.",
)
@pass_cli
def group(cli: CliContext, *, file: Path, killed: tuple[str, ...]) -> None:
    """Write the archive FILE into the configured database, which must be empty.

    Migrate it first (`idp db upgrade`), without `idp keys init`. Everything is checked
    before it counts: seal, counts, digests, the audit log. What the ephemeral store
    holds is in no archive: whoever was in the middle of a sign-in begins again.

    A key that was killed since lives in the archive: name each with --killed, and it
    dies again before anybody can use it.
    """
    now, living = clock.now(), list[RingKey]()
    kek = open_kek(cli.config)

    def before_use(session: Session, audit: AuditLog, made_at: datetime) -> None:
        opener = open_opener(cli.config, kek)
        living[:] = restored.kill_again(
            cli.config, opener, session, audit, killed, now=now
        )
        break_glass.note_restored(session, audit, made_at, now=now)

    with closing(open_database(cli.config)) as database:
        if not migration.is_current(database):
            raise click.ClickException("run `idp db upgrade` first")
        try:
            with file.open("rb") as archive, Progress(transient=True) as progress:
                task = progress.add_task("Restoring", total=len(all_tables()))
                rows = restore(
                    database,
                    archive,
                    kek,
                    now=now,
                    on_table=lambda _table, _rows: progress.advance(task),
                    before_use=before_use,
                )
        except (KeysError, OSError) as error:
            raise click.ClickException(f"{error}; nothing was written") from error
    click.echo(f"{rows} rows restored; every table and the audit log are whole.")
    _say(living, killed)


def _say(living: list[RingKey], killed: tuple[str, ...]) -> None:
    for kid in killed:
        click.echo(f"{kid} is dead.")
    click.echo(
        "These keys live, also if one was killed after the archive was made; then kill "
        "it before you serve (idp keys kill KID):"
    )
    for key in living:
        click.echo(f"  {key.ring.name}: {key.kid}")
    click.echo(
        "Officers' pages, idp keys status and idp doctor say so until two officers "
        "have acknowledged it (/staff/alarms)."
    )
