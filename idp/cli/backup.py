"""`idp backup`: write a sealed archive of the database, and prove one."""

import os
from contextlib import closing
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

import click
from rich.progress import Progress

from idp import clock
from idp.audit.log import AuditLog
from idp.audit.sealing_events import BackupMade
from idp.backup.archive import End, Head, read_archive, write_archive
from idp.cli.context import CliContext, pass_cli
from idp.errors import IdpError
from idp.storage.database import Database
from idp.storage.key_material import open_kek
from idp.storage.opening import open_database, open_sealer
from idp.storage.tables import all_tables
from keys.errors import KeysError

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def group() -> None:
    """Write sealed archives of the database, and prove them.

    Each is under the sealing key of its day and brings it along, sealed: who restores
    one needs the key-encryption key of that day; keep it apart from them.
    """


@group.command()
@click.argument("file", type=FILE)
@pass_cli
def create(cli: CliContext, *, file: Path) -> None:
    """Write the whole database, as of one moment, to FILE; never replaces a file."""
    if file.exists():
        raise click.ClickException(f"{file} exists: an archive is never replaced")
    part = file.with_name(f"{file.name}.part")  # what is half written has another name
    with closing(open_database(cli.config)) as database:
        audit = AuditLog(open_sealer(cli.config, database))
        kek = open_kek(cli.config)
        rows, digest = _write(database, part, kek)
        part.replace(file)
        with database.transaction() as session:
            audit.record(session, BackupMade(digest, rows), now=clock.now())
    click.echo(f"{rows} rows in {file}, SHA-256 {digest}.")


def _write(database: Database, part: Path, kek: bytes) -> tuple[int, str]:
    try:
        # Nobody's file that is there already, nor one that a link leads to.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(part, flags, 0o600)
    except OSError as error:
        raise click.ClickException(f"cannot write {part}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as archive:
            rows = _archive(database, archive, kek)
        with part.open("rb") as written:
            return rows, file_digest(written, "sha256").hexdigest()
    except BaseException:
        part.unlink()  # our own: the next attempt begins anew
        raise


def _archive(database: Database, archive: BinaryIO, kek: bytes) -> int:
    with database.snapshot() as connection, Progress(transient=True) as progress:
        task = progress.add_task("Archiving", total=len(all_tables()))
        rows = write_archive(
            connection,
            archive,
            kek,
            now=clock.now(),
            on_table=lambda _table, _rows: progress.advance(task),
        )
        archive.flush()
        os.fsync(archive.fileno())
    return rows


@group.command()
@click.argument("file", type=FILE)
@pass_cli
def verify(cli: CliContext, *, file: Path) -> None:
    """Read FILE to its end; exit code 1 if seal, order, counts or digests are wrong."""
    kek, rows, head = open_kek(cli.config), 0, None
    try:
        with file.open("rb") as archive:
            for part in read_archive(archive, kek):
                if isinstance(part, Head):
                    head = part
                elif isinstance(part, End):
                    rows += part.rows
    except (KeysError, IdpError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if head is None:
        raise click.ClickException("the archive has no head")
    click.echo(
        f"Whole: {rows} rows of {head.made_at:%Y-%m-%d %H:%M:%S} UTC, schema "
        f"{head.schema}.\nSealed under version {head.seal} of the sealing key; opens "
        f"with the key-encryption key {head.kek}."
    )
