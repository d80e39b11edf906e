"""`idp organisations`: ask the register which organisations are still there."""

import click

from idp import clock
from idp.authentication import logout_outbox
from idp.cli.context import CliContext, pass_cli
from idp.locks import register


@click.group()
def group() -> None:
    """Ask the register of organisations."""


@group.command()
@pass_cli
def sweep(cli: CliContext) -> None:
    """Lock the organisations that are dissolved, unlock those that live on.

    Whoever is no longer the legal representative loses the right. Run it every night;
    two at once do no harm. The exit code is 1 if the register did not answer for some.
    """
    now = clock.now()
    done = register.sweep(cli.provider, now=now)
    cli.provider.courier.wait()
    logout_outbox.deliver(cli.provider, now=now)
    click.echo(
        f"{done.asked} asked about, {done.locked} locked, {done.unlocked} unlocked, "
        f"{done.replaced} with another representative, "
        f"{done.unanswered} without an answer."
    )
    raise SystemExit(1 if done.unanswered else 0)
