"""`idp stats`: the figures that leaders see, in the terminal or as JSON."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.figures import report
from idp.figures.privacy import Cell
from idp.figures.report import Report, Share


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--month",
    type=click.DateTime(["%Y-%m"]),
    help="The month of portals, provinces and the way (the current one).",
)
@pass_cli
def group(cli: CliContext, month: Any, *, as_json: bool) -> None:
    """Show dossiers, accounts, activation, sign-ins, and where people fail.

    Figures are rounded down to steps of figures.smallest.
    """
    provider = cli.provider
    asked: date | None = month.date() if month else None
    made = report.make(
        provider.database, provider.config.figures, now=clock.now(), month=asked
    )
    if as_json:
        click.echo(json.dumps(made.to_json(), ensure_ascii=False, indent=2))
        return
    names = {
        name: party.name.in_language("en")
        for name in made.portals
        if (party := provider.relying_parties.find(name))
    }
    _print(Console(), made, names)


def _print(console: Console, made: Report, names: Mapping[str, str]) -> None:
    def text(cell: Cell) -> str:
        return f"< {made.smallest}*" if cell is None else f"{cell:,}"

    def show(title: str, cells: Mapping[Any, Cell]) -> None:
        table = Table("", "count", title=title, title_justify="left")
        table.columns[1].justify = "right"
        for key, cell in cells.items():
            table.add_row(str(names.get(key, key)) or "unknown", text(cell))
        console.print(table)

    show(
        "Now",
        {
            "dossiers": made.dossiers,
            "accounts granted": made.activation.whole,
            "accounts activated": made.activation.part,
            "overdue dossiers": made.overdue,
            "organisations": made.organisations,
        },
    )
    console.print(f"Activation rate: {_share(made.activation)}")
    console.print(f"At level 2: {_share(made.level2)}")
    show("Dossiers by state", made.dossier_states)
    show("Refused dossiers by reason", made.refusals)
    show("Sign-ins per day", made.days)
    show(f"Sign-ins by portal, {made.month}", made.portals)
    show(f"Sign-ins by province, {made.month}", made.provinces)
    show(f"The way to a portal, {made.month}", {**made.way, "silent": made.silent})
    show("Why it ended on the way", made.failures)
    show("Proofs that were not taken", made.tries)
    console.print(
        f"Rounded down to steps of {made.smallest}; * is fewer than that, or nobody"
    )


def _share(share: Share) -> str:
    return "-" if share.ratio is None else f"{share.ratio:.2%}"
