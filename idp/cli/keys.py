"""`idp keys`: create the secrets and rings, show them, rotate, publish and kill."""

import click
from rich.console import Console

from idp import clock
from idp.approvals import break_glass
from idp.audit.key_changes import initialise_keys
from idp.cli import board
from idp.cli.ceremony import ceremony
from idp.cli.context import CliContext, pass_cli
from idp.cli.key_moves import kill_key, publish, rotate, say_changes
from idp.cli.key_transfer import export_public, import_key
from idp.cli.reseal import reseal
from idp.config import Config
from idp.errors import ConfigError
from idp.sealing.versions import board as sealing_board
from idp.storage.key_material import new_kek, open_kek, open_opener
from idp.storage.migration import is_current
from idp.storage.opening import open_database
from keys.board import board as departures_of
from keys.errors import KeysError


class _KeysGroup(click.Group):
    """Turns what `keys` refuses into a message."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeysError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_KeysGroup)
def group() -> None:
    """Create, show and rotate the signing keys.

    A key is published first, signs after the publish lead, then retires and verifies
    until the last token that it signed has ended; the clock does all of that alone.
    """


group.add_command(reseal)


@group.command()
@click.option(
    "--create-kek",
    is_flag=True,
    help="Also create the key-encryption key's file if there is none. Back it up: "
    "without it nothing that is sealed can be read again.",
)
@pass_cli
def init(cli: CliContext, *, create_kek: bool) -> None:
    """Create the server's secrets and each ring's first key, where missing."""
    database = open_database(cli.config)
    if not is_current(database):
        raise ConfigError("the database is not migrated: run `idp db upgrade` first")
    kek = _kek(cli.config, may_create=create_kek)
    secrets, created = initialise_keys(
        database, kek, now=clock.now(), opener=open_opener(cli.config, kek)
    )
    if secrets:
        click.echo(f"Created the server secrets: {', '.join(secrets)}.")
    for key in created:
        click.echo(
            f"Created the first {key.ring.name} key {key.kid}: it signs from now on."
        )
    if not secrets and not created:
        click.echo("Nothing to do: the secrets and every ring exist.")
    database.close()


@group.command()
@click.option("--json", "as_json", is_flag=True, help="The same for machines.")
@pass_cli
def status(cli: CliContext, *, as_json: bool) -> None:
    """Show who signs, who is next and when; first record what the clock has ended."""
    now, rotator = clock.now(), cli.provider.rotator
    changes = rotator.settle(now=now)
    max_age = cli.config.keys.jwks_max_age
    departures = departures_of(
        rotator.store.rows(), rotator.clocks, now, jwks_max_age=max_age
    )
    with cli.provider.database.read() as connection:
        sealing = sealing_board(connection, cli.config)
        restored = break_glass.restored_from(connection)
    if as_json:
        click.echo(board.as_json(departures, sealing, restored, now))
        return
    for moment in restored:
        click.echo(
            f"! Restored from the archive of {moment}: kill again the keys that were "
            "killed after it; then two officers acknowledge it (/staff/alarms)."
        )
    say_changes(changes)
    console = Console()
    if not console.is_terminal:
        console.width = 150  # a pipe has no width: one line a ring
    board.show(departures, now, console)
    board.show_sealing(sealing, console)


def _kek(config: Config, *, may_create: bool) -> bytes:
    path = config.keys.kek_file
    if may_create and not path.exists():
        kek = new_kek(config)
        click.echo(f"Created the key-encryption key {path}: back it up.")
        return kek
    return open_kek(config)


for _command in (rotate, publish, kill_key, ceremony, import_key, export_public):
    group.add_command(_command)
