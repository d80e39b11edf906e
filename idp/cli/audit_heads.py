"""`idp audit heads`: sign where the chains end, and take the heads elsewhere."""

import json
from contextlib import closing

import click

from idp import clock
from idp.audit import sinks
from idp.audit.heads import latest, sign
from idp.cli.context import CliContext, pass_cli
from idp.storage.opening import open_database


@click.group()
def heads() -> None:
    """Sign where the chains end; take the heads out of the database's reach."""


@heads.command("sign")
@pass_cli
def sign_now(cli: CliContext) -> None:
    """Sign now what moved, and write the file of `audit.heads_file`."""
    signed = sign(cli.provider, now=clock.now())
    sinks.write_file(cli.provider, now=clock.now())
    click.echo(f"{signed} heads signed.")


@heads.command("export")
@click.option("--after", default=0, help="Only heads behind the one of this number.")
@pass_cli
def export_heads(cli: CliContext, after: int) -> None:
    """Print the signed heads in order, one JWS a line."""
    with (
        closing(open_database(cli.config)) as database,
        database.snapshot() as connection,
    ):
        for line in sinks.lines(connection, after):
            click.echo(line)


@heads.command("keys")
@pass_cli
def export_keys(cli: CliContext) -> None:
    """Print the public keys of the audit ring, a JWK set to be kept elsewhere."""
    keys = cli.provider.rings.public_jwks("audit", clock.now())
    click.echo(json.dumps({"keys": keys}, indent=2))


@heads.command("status")
@pass_cli
def status(cli: CliContext) -> None:
    """Show the newest head, the events since, and who knows it."""
    with closing(open_database(cli.config)) as database, database.read() as connection:
        state = latest(connection)
    at = f" of {state.at:%Y-%m-%d %H:%M:%S} UTC" if state.at else ""
    click.echo(f"Head {state.number}{at}; {state.uncovered} events since.")
    for sink in state.sinks:
        behind = f"{sink.behind} heads behind" if sink.behind else "up to date"
        click.echo(f"{sink.name}: {sink.failure or behind}")
