"""`idp keys`: create the secrets and rings, show them, rotate, publish and kill."""

from collections.abc import Iterable

import click
from rich.console import Console

from idp import clock
from idp.audit.key_changes import initialise_keys
from idp.cli import board
from idp.cli.board import moment
from idp.cli.ceremony import ceremony
from idp.cli.context import CliContext, pass_cli
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
from keys.rehearsal import Rehearsal
from keys.ring import RINGS, Ring
from keys.ring_store import KeyChange
from keys.rotation import Rotation


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
    if as_json:
        click.echo(board.as_json(departures, sealing, now))
        return
    _say_changes(changes)
    console = Console()
    if not console.is_terminal:
        console.width = 150  # a pipe has no width: one line a ring
    board.show(departures, now, console)
    board.show_sealing(sealing, console)


_NAMES = click.Choice([ring.name for ring in RINGS])


@group.command()
@click.option("--ring", "name", type=_NAMES, help="Only this ring.")
@click.option("--rehearse", is_flag=True, help="Only tell what would happen.")
@pass_cli
def rotate(cli: CliContext, *, name: str | None, rehearse: bool) -> None:
    """Publish each ring's next key; it signs by itself after the publish lead.

    Repeating the command while a key waits changes nothing, so a timer may run it.
    """
    now, rotator = clock.now(), cli.provider.rotator
    for ring in (Ring.named(name),) if name else RINGS:
        if rehearse:
            _say_rehearsal(rotator.rehearse(ring, now=now))
            continue
        rotation = rotator.rotate(ring, now=now)
        _say_changes(rotation.changes)
        _say_waiting(rotation)


@group.command()
@click.argument("kid")
@pass_cli
def publish(cli: CliContext, *, kid: str) -> None:
    """Publish the generated key KID as the next one of its ring."""
    rotation = cli.provider.rotator.publish(kid, now=clock.now())
    _say_changes(rotation.changes)
    _say_waiting(rotation)


@group.command()
@click.argument("kid")
@click.option("--reason", required=True, help="Why; it is kept in the audit log.")
@pass_cli
def kill(cli: CliContext, *, kid: str, reason: str) -> None:
    """Destroy the compromised key KID: whatever it signed is refused from now on.

    Its successor signs at once, before portals have fetched it.
    """
    rotation = cli.provider.rotator.kill(kid, now=clock.now(), reason=reason)
    _say_changes(rotation.changes)
    click.echo(
        f"{rotation.active.ring.name}: {rotation.active.kid} signs. Portals "
        "believe the killed key until they fetch the key set anew."
    )


def _kek(config: Config, *, may_create: bool) -> bytes:
    path = config.keys.kek_file
    if may_create and not path.exists():
        kek = new_kek(config)
        click.echo(f"Created the key-encryption key {path}: back it up.")
        return kek
    return open_kek(config)


def _say_waiting(rotation: Rotation) -> None:
    upcoming, active = rotation.upcoming, rotation.active
    if upcoming is not None:
        click.echo(
            f"{active.ring.name}: {upcoming.kid} is published and signs from "
            f"{moment(upcoming.activates_at)} on, until then {active.kid} does. "
            "Nothing else to do."
        )


def _say_changes(changes: Iterable[KeyChange]) -> None:
    for change in changes:
        click.echo(f"{change.ring.name}: recorded that {change.kid} is {change.kind}.")


def _say_rehearsal(told: Rehearsal) -> None:
    upcoming = f"{told.upcoming.kid}" if told.upcoming else "a new key"
    click.echo(
        f"{told.ring.name}: {upcoming} is in the key set from "
        f"{moment(told.published_at)} on and signs from {moment(told.signs_at)} on. "
        f"{told.active.kid} retires then, and is destroyed "
        f"{moment(told.destroyed_at)}. Nothing was done."
    )


for _command in (ceremony, import_key, export_public):
    group.add_command(_command)
