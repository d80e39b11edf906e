"""`idp enrol notify`: tell applicants of decisions whose message did not go out."""

import click

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.enrolment import outcome


@click.command()
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True
)
@pass_cli
def notify(cli: CliContext, limit: int) -> None:
    """Send the notices that a stop or a silent gateway kept back (D69/2024 art. 10).

    Decisions of the last ten minutes are left alone: they are on their way.
    """
    told = outcome.tell_waiting(cli.provider, now=clock.now(), limit=limit)
    click.echo(f"Told: {told}.")
