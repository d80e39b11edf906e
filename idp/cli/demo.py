"""`idp demo`: provider, portals and card reader on this machine, with citizens."""

from pathlib import Path

import click

from idp.demo.plan import LAST_PORT, PORTALS, DemoPlan
from idp.demo.run import run


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, LAST_PORT - len(PORTALS) - 1),
    default=8000,
    show_default=True,
    help="The provider's port; portals and reader take the next four.",
)
@click.option(
    "--state",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(".state"),
    show_default=True,
    help="The folder that keeps everything.",
)
@click.option("--reset", is_flag=True, help="Forget what the folder holds first.")
@click.option("--tls", is_flag=True, help="Serve https, with a CA made in the folder.")
@click.option("--pcsc", is_flag=True, help="Read cards on this machine's readers.")
def group(*, port: int, folder: Path, reset: bool, tls: bool, pcsc: bool) -> None:
    """Run the provider, three portals and the card reader's agent, until Ctrl-C."""
    run(DemoPlan(folder.absolute(), port, tls, pcsc), reset=reset)
