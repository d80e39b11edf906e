"""`idp keys rotate`, `publish`, `kill`: proposed to two officers, or done at once."""

from collections.abc import Iterable

import click

from idp import clock
from idp.approvals import keys as acts
from idp.cli import two_persons
from idp.cli.board import moment
from idp.cli.context import CliContext, pass_cli
from idp.custody import aftermath, kill, rehearsal
from idp.custody.kill import Choice
from idp.staff.officer import BY_COMMAND
from keys.errors import KeyOrderError
from keys.rehearsal import Rehearsal
from keys.ring import RINGS, Ring, RingKey
from keys.ring_store import KeyChange
from keys.rotation import Rotation

_NAMES = click.Choice([ring.name for ring in RINGS])


@click.command()
@click.option("--ring", "name", type=_NAMES, help="Only this ring.")
@click.option("--rehearse", is_flag=True, help="Only tell what would happen.")
@two_persons.options
@pass_cli
def rotate(
    cli: CliContext, *, name: str | None, rehearse: bool, reason: str, break_glass: bool
) -> None:
    """Publish each ring's next key; it signs by itself after the publish lead.

    Repeating the command while a key waits changes nothing. The policy
    (`keys.rotate_every`) needs nobody.
    """
    rotator = cli.provider.rotator
    rings = (Ring.named(name),) if name else RINGS
    if rehearse:
        for ring in rings:
            told = rotator.rehearse(ring, now=clock.now())
            _say_rehearsal(told)
            _say_portals(cli, told)
        return
    act = acts.ROTATE
    named = ", ".join(ring.name for ring in rings)
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        for ring in rings:
            two_persons.propose(cli, act, {"ring": ring.name}, reason)
        return
    for ring in rings:
        rotation = rotator.rotate(ring, now=clock.now())
        say_changes(rotation.changes)
        _say_waiting(rotation)


@click.command()
@click.argument("kid")
@two_persons.options
@pass_cli
def publish(cli: CliContext, *, kid: str, reason: str, break_glass: bool) -> None:
    """Publish the generated key KID as the next one of its ring."""
    act, ring = acts.PUBLISH, _find(cli, kid).ring.name
    payload, named = {"ring": ring, "kid": kid}, f"{ring}: {kid}"
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        two_persons.propose(cli, act, payload, reason)
        return
    rotation = cli.provider.rotator.publish(kid, now=clock.now())
    say_changes(rotation.changes)
    _say_waiting(rotation)


@click.command("kill")
@click.argument("kid")
@click.option(
    "--grants",
    type=click.Choice(["rekey", "revoke"]),
    default="rekey",
    show_default=True,
    help="Permissions that got tokens of the key: kept for new tokens, or ended.",
)
@click.option(
    "--sessions",
    type=click.Choice(["stay", "end"]),
    default="stay",
    show_default=True,
    help="People's sign-ins: kept, or all ended.",
)
@two_persons.options
@pass_cli
def kill_key(  # noqa: PLR0913 - the options of the command
    cli: CliContext,
    *,
    kid: str,
    grants: str,
    sessions: str,
    reason: str,
    break_glass: bool,
) -> None:
    """Destroy the compromised key KID: whatever it signed is refused from now on.

    Its successor signs at once, before portals have fetched it. Portals are told.
    """
    ring = _find(cli, kid).ring.name
    text = " ".join(reason.split())
    if not text:
        raise click.UsageError("killing a key needs a --reason: it is kept")
    payload = {"kid": kid, "ring": ring, "grants": grants, "sessions": sessions}
    payload["reason"] = text[: kill.MAX_REASON]
    act, named = acts.KILL, f"{ring}: {kid}"
    if two_persons.only_proposes(cli, act, named, text, break_glass=break_glass):
        two_persons.propose(cli, act, payload, text)
        return
    provider, now = cli.provider, clock.now()
    with provider.database.transaction() as session:
        done = kill.kill(
            provider,
            session,
            Choice.of(payload),
            reason=payload["reason"],
            by=BY_COMMAND,
            now=now,
        )
    done.afterwards()
    say_changes(done.rotation.changes)
    click.echo(
        f"{ring}: {done.rotation.active.kid} signs. Portals believe the killed key "
        "until they fetch the key set anew; who is told and who is exposed:"
    )
    click.echo(f"{cli.config.issuer}/staff/keys/incidents/{done.incident_id}")
    aftermath.look(provider, now=clock.now())
    provider.courier.wait()


def _find(cli: CliContext, kid: str) -> RingKey:
    rows = cli.provider.rotator.store.rows()
    found = next((row for row in rows if row.kid == kid), None)
    if found is None:
        raise KeyOrderError(f"no signing key is called {kid}")
    return found


def _say_waiting(rotation: Rotation) -> None:
    upcoming, active = rotation.upcoming, rotation.active
    if upcoming is not None:
        click.echo(
            f"{active.ring.name}: {upcoming.kid} is published and signs from "
            f"{moment(upcoming.activates_at)} on, until then {active.kid} does. "
            "Nothing else to do."
        )


def say_changes(changes: Iterable[KeyChange]) -> None:
    """Say what was recorded."""
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


def _say_portals(cli: CliContext, told: Rehearsal) -> None:
    """Name the portals that would break, as far as we know it."""
    key = told.upcoming or told.active
    with cli.provider.database.read() as connection:
        known = rehearsal.seen(cli.provider, connection, [key.kid])
    found = rehearsal.portals(cli.provider, known, told.ring, key)
    if found.late:
        names = ", ".join(one.client_id for one in found.late)
        click.echo(f"  Would break, for they keep keys longer than it takes: {names}.")
    if found.unseen:
        click.echo(
            f"  Not known: {len(found.unseen)} of {len(found.all)} portals, of which "
            "no fetch of the key set was seen."
        )
