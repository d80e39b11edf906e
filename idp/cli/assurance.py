"""`idp assurance`: what each sign-in counts for."""

import click
from rich.console import Console
from rich.table import Table

from idp.authentication import assurance, truth_table
from idp.cli.context import CliContext, pass_cli
from idp.config import Config


@click.group()
def group() -> None:
    """Show what each sign-in counts for."""


@group.command("show")
@click.option("--markdown", is_flag=True, help="Print it as docs/assurance.md has it.")
@pass_cli
def show(cli: CliContext, *, markdown: bool) -> None:
    """Print the truth table and the acr values that can be reached.

    Without a configuration it is the one of the defaults.
    """
    config = cli.config if cli.config_path else Config()
    biometric = config.assurance.verified_passkey_is_biometric
    if markdown:
        click.echo(truth_table.markdown(biometric=biometric), nl=False)
        return
    table = Table("Proven", "Kinds", "Level", "amr", "Enough", box=None, padding=(0, 1))
    for row in truth_table.rows(biometric=biometric):
        table.add_row(
            row.proven,
            "".join(kind[0].upper() for kind in row.kinds),
            str(row.level),
            " ".join(row.amr),
            "yes" if row.is_whole else "no",
        )
    console = Console()
    console.print(table)
    console.print(
        "eIDAS and NIST are given for comparison; nothing is decided by them."
    )
    told = "counts" if biometric else "does not count"
    console.print(f"A passkey's user verification {told} as the law's biometric.")
    values = assurance.supported_acr_values(biometric=biometric)
    console.print("acr values: " + " ".join(values))
