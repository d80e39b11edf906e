"""`idp keys`: create the secrets and rings, show them, rotate a ring."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.audit.key_changes import audited_store, initialise_keys
from idp.cli.context import CliContext, pass_cli
from idp.errors import ConfigError
from idp.storage.migration import is_current
from idp.storage.opening import open_database
from keys.envelope import create_kek, read_kek
from keys.errors import KeysError
from keys.ring import RINGS, KeyChange, RingKey, State, state, timeline
from keys.rotation import Rotation, Rotator


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
    kek = _kek(cli.config.keys.kek_file, may_create=create_kek)
    secrets, created = initialise_keys(database, kek, now=clock.now())
    if secrets:
        click.echo(f"Created the server secrets: {', '.join(secrets)}.")
    for key in created:
        click.echo(f"Created the first {key.ring} key {key.kid}: it signs from now on.")
    if not secrets and not created:
        click.echo("Nothing to do: the secrets and both rings exist.")
    database.close()


@group.command()
@pass_cli
def status(cli: CliContext) -> None:
    """Show every key; first destroy the private keys whose time is over."""
    now, rotator = clock.now(), _rotator(cli)
    _say_changes(rotator.settle(now=now))
    table = Table(title=f"Signing keys at {_moment(now)}")
    for heading in ("Ring", "Key", "State", "Since", "Next change"):
        table.add_column(heading, overflow="fold")
    rows = rotator.store.rows()
    for ring in RINGS:
        for key in timeline(rows, ring, keep_retired=rotator.keep_retired):
            table.add_row(ring, key.kid, *_described(key, now))
    console = Console()
    if not console.is_terminal:
        console.width = 124  # a pipe has no width: one line a key
    console.print(table)


@group.command()
@click.option("--ring", type=click.Choice(RINGS), help="Only this ring.")
@click.option(
    "--now",
    "immediately",
    is_flag=True,
    help="Emergency: sign with the next key at once, before portals have fetched it.",
)
@click.option(
    "--destroy",
    is_flag=True,
    help="With --now, after a theft: refuse what the ring's former keys signed.",
)
@pass_cli
def rotate(
    cli: CliContext, *, ring: str | None, immediately: bool, destroy: bool
) -> None:
    """Publish each ring's next key; it signs by itself after the publish lead.

    Repeating the command while a key waits changes nothing, so a timer may run it.
    """
    if destroy and not immediately:
        raise click.UsageError("--destroy goes with --now: some key has to sign")
    now, rotator = clock.now(), _rotator(cli)
    for name in (ring,) if ring else RINGS:
        rotation = rotator.rotate(name, now=now, immediately=immediately)
        _say_rotation(name, rotation, now + timedelta(seconds=rotator.keep_retired))
        _say_changes(rotation.ended)
        if destroy:
            # Keys follow one another strictly, so the new one may begin after `now`.
            since = max(now, rotation.active.activates_at)
            _say_changes(rotator.destroy_retired(name, now=since))


def _kek(path: Path, *, may_create: bool) -> bytes:
    if may_create and not path.exists():
        kek = create_kek(path)
        click.echo(f"Created the key-encryption key {path}: back it up.")
        return kek
    return read_kek(path)


def _rotator(cli: CliContext) -> Rotator:
    provider = cli.provider
    return Rotator(
        audited_store(provider.database, provider.audit),
        read_kek(cli.config.keys.kek_file),
        publish_lead=provider.rings.publish_lead,
        keep_retired=provider.rings.keep_retired,
    )


def _say_rotation(ring: str, rotation: Rotation, until: datetime) -> None:
    upcoming, active = rotation.upcoming, rotation.active
    if upcoming is None:
        click.echo(
            f"{ring}: {active.kid} signs from now on; the key before it verifies until "
            f"{_moment(until)}. Portals must fetch the key set anew."
        )
        return
    begins = _moment(upcoming.activates_at)
    said = {
        "published": f"published {upcoming.kid}; it signs from {begins} on, until then",
        "waiting": f"{upcoming.kid} is published already and signs from {begins} on, "
        "until then",
    }
    click.echo(
        f"{ring}: {said[rotation.outcome]} {active.kid} does. Nothing else to do."
    )


def _say_changes(changes: Iterable[KeyChange]) -> None:
    for change in changes:
        click.echo(f"{change.ring}: recorded that {change.kid} is {change.kind}.")


def _described(key: RingKey, now: datetime) -> tuple[str, str, str]:
    where = state(key, now)
    since = {
        State.NEXT: key.published_at,
        State.ACTIVE: key.activates_at,
        State.RETIRED: key.retired_at,
        State.GONE: key.destroyed_at,
    }
    then = {
        State.NEXT: ("signs", key.activates_at),
        State.ACTIVE: ("retires", key.retired_at),
        State.RETIRED: ("gone", key.destroyed_at),
        State.GONE: ("", None),
    }
    verb, at = then[where]
    change = f"{verb} {_moment(at)}" if at else "–"
    return where.value, _moment(since[where]), change


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "–"
