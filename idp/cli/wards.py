"""`idp wards`: end representations, by paper and by age."""

import click

from idp import clock
from idp.authentication import logout_outbox
from idp.cli.account_input import find_account
from idp.cli.context import CliContext, pass_cli
from idp.locks import representations
from idp.locks.representations import BY_PAPER, Ending, Reason


@click.group()
def group() -> None:
    """End what lets one act for another."""


@group.command()
@click.argument("ward")
@click.argument("representative")
@click.option("--reason", type=click.Choice(BY_PAPER), required=True)
@click.option("--document", help="Number and date of the paper it rests on.")
@pass_cli
def end(
    cli: CliContext,
    ward: str,
    representative: str,
    reason: Reason,
    document: str | None,
) -> None:
    """End a representation at once, with every token that stands on it.

    WARD and REPRESENTATIVE are accounts' ids, or - to enter the number unseen.
    """
    ending = Ending(
        find_account(cli, ward),
        find_account(cli, representative),
        reason,
        document=document,
    )
    now = clock.now()
    if not representations.end(cli.provider, ending, now=now):
        raise click.ClickException("The one does not act for the other.")
    _deliver(cli)
    click.echo("Ended.")


@group.command()
@pass_cli
def sweep(cli: CliContext) -> None:
    """End the representations of who has come of age, and tell both.

    Nobody acts from that moment anyhow; run it every night.
    """
    ended = representations.sweep(cli.provider, now=clock.now())
    _deliver(cli)
    click.echo(f"{ended} ended by age.")


def _deliver(cli: CliContext) -> None:
    cli.provider.courier.wait()
    logout_outbox.deliver(cli.provider, now=clock.now())
