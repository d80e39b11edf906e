"""`idp keys reseal`: new keys for sealed columns, and every row brought up to them."""

from contextlib import closing

import click
from rich.progress import Progress

from idp import clock
from idp.approvals import sealing as acts
from idp.audit.log import AuditLog
from idp.audit.sealing_events import ResealBegan, ResealEnded
from idp.cli import two_persons
from idp.cli.board import moment
from idp.cli.context import CliContext, pass_cli
from idp.config import Config
from idp.sealing import reseal as work
from idp.sealing import versions
from idp.sealing.kek import replace_kek
from idp.storage.database import Database
from idp.storage.key_material import open_kek
from idp.storage.opening import open_database, open_sealer
from keys.kek import fingerprint
from keys.versions import PURPOSES, Purpose


@click.command()
@click.option(
    "--renew",
    type=click.Choice(PURPOSES),
    multiple=True,
    help="First make a new version of this key; it waits until every worker knows it.",
)
@click.option(
    "--destroy",
    type=int,
    multiple=True,
    metavar="VERSION",
    help="Afterwards destroy this version of `seal`, if nothing is left under it.",
)
@click.option(
    "--kek",
    "under_kek",
    is_flag=True,
    help="First seal the server's secrets and private keys under keys.kek_file, all "
    "that keys.former_kek_file still opens.",
)
@two_persons.options
@pass_cli
def reseal(  # noqa: PLR0913 - the options of the command
    cli: CliContext,
    *,
    renew: tuple[Purpose, ...],
    destroy: tuple[int, ...],
    under_kek: bool,
    reason: str,
    break_glass: bool,
) -> None:
    """Bring every sealed column and blind index up to the newest usable keys.

    Safe to stop at any moment (Ctrl-C) and to run again; the provider goes on. What two
    officers decide of it is a new version and the end of one; `--kek` is an act of
    whoever runs the host, and stands on every officers' page.
    """
    if renew or destroy or under_kek:
        two_persons.require_reason(cli, "a change of sealing keys", reason)
    with closing(open_database(cli.config)) as database:
        if under_kek:
            _replace_kek(database, cli.config, reason)
        for purpose in renew:
            _renew(cli, database, purpose, reason, break_glass=break_glass)
        outcome = _run(database, cli.config)
        for number in destroy:
            _destroy(cli, database, number, reason, break_glass=break_glass)
    raise SystemExit(1 if outcome.left else 0)


def _replace_kek(database: Database, config: Config, reason: str) -> None:
    audit, kek = AuditLog(open_sealer(config, database)), open_kek(config)
    with database.transaction() as session:
        rows = replace_kek(session, audit, kek, now=clock.now())
        if rows:
            named = fingerprint(kek)
            two_persons.note(config, session, audit, "keys.kek", named, reason)
    click.echo(
        f"{rows} secrets and keys sealed anew: all are under {config.keys.kek_file}. "
        "Take keys.former_kek_file out of the configuration."
    )


def _renew(
    cli: CliContext,
    database: Database,
    purpose: Purpose,
    reason: str,
    *,
    break_glass: bool,
) -> None:
    config, act = cli.config, acts.RENEW
    if two_persons.only_proposes(cli, act, purpose, reason, break_glass=break_glass):
        two_persons.propose(cli, act, {"purpose": purpose}, reason)
        return
    audit, kek = AuditLog(open_sealer(config, database)), open_kek(config)
    with database.transaction() as session:
        made = versions.publish(session, audit, kek, purpose, now=clock.now())
    begins = moment(versions.usable_from(made, config))
    click.echo(f"{made.name} is published: run `idp keys reseal` from {begins}.")


def _destroy(
    cli: CliContext, database: Database, number: int, reason: str, *, break_glass: bool
) -> None:
    config, act, now = cli.config, acts.DESTROY, clock.now()
    with database.read() as connection:
        versions.destroyable(connection, config, number, now=now)
    named = f"seal {number}"
    if two_persons.only_proposes(cli, act, named, reason, break_glass=break_glass):
        two_persons.propose(cli, act, {"version": number}, reason)
        return
    audit = AuditLog(open_sealer(config, database))
    with database.transaction() as session:
        versions.destroy(session, audit, config, number, now=now)
    click.echo(f"seal version {number} is destroyed.")


def _run(database: Database, config: Config) -> work.Outcome:
    audit = AuditLog(open_sealer(config, database))
    with database.transaction() as session:
        for ready in versions.activate(session, audit, config, now=clock.now()):
            click.echo(f"{ready.name} is in use from now on.")
    return _bring_up(database, config, audit)


def _bring_up(database: Database, config: Config, audit: AuditLog) -> work.Outcome:
    sealer = open_sealer(config, database)  # it knows what came into use just now
    with database.read() as connection:
        current = work.in_use(connection)
        behind = work.count_behind(connection, current)
    if not behind:
        click.echo("Every row is under the keys in use.")
        return work.Outcome(0, {}, 0)
    with database.transaction() as session:
        began = ResealBegan(current.seal, current.index, behind)
        audit.record(session, began, now=clock.now())
    with Progress(transient=True) as progress:
        task = progress.add_task("Sealing anew", total=behind)
        outcome = work.reseal(
            database,
            sealer,
            current,
            on_rows=lambda rows: progress.advance(task, rows),
        )
    if not outcome.left:
        with database.transaction() as session:
            ended = ResealEnded(current.seal, current.index, outcome.rows)
            audit.record(session, ended, now=clock.now())
    click.echo(f"{outcome.rows} rows sealed anew, {outcome.left} left.")
    for table, rows in outcome.unreadable.items():
        click.echo(f"{table}: {rows} rows do not open under any key.")
    return outcome
