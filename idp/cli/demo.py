"""`idp demo`: the provider and three portals on this machine, with test citizens."""

from pathlib import Path

import click

from idp.demo.plan import LAST_PORT, PORTALS, DemoPlan
from idp.demo.run import run


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, LAST_PORT - len(PORTALS)),
    default=8000,
    show_default=True,
    help="The provider's port; the portals take the next three.",
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
def group(*, port: int, folder: Path, reset: bool, tls: bool) -> None:
    """Run the provider and three portals, until Ctrl-C."""
    run(DemoPlan(folder.absolute(), port, tls), reset=reset)
