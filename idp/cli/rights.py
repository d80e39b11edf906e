"""`idp rights`: carry out what holders asked for, once its time has come."""

import click

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.rights import closing


@click.group()
def group() -> None:
    """Carry out what holders asked for."""


@group.command()
@pass_cli
def sweep(cli: CliContext) -> None:
    """Close the accounts whose time to think is over, and erase their values.

    Run it every hour or so; killed, it has done whole accounts.
    """
    closed = closing.sweep(cli.provider, now=clock.now())
    cli.provider.courier.wait()
    click.echo(f"{closed} accounts closed.")
