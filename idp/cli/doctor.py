"""`idp doctor`: what is wrong with a deployment, why it matters, what to run."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from idp.cli.context import CliContext, pass_cli
from idp.doctor.examination import examine
from idp.doctor.finding import EXIT, Finding

_MARKS = {
    "good": "[green]good[/]",
    "note": "[blue]note[/]",
    "warning": "[yellow]warning[/]",
    "error": "[red]error[/]",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@pass_cli
def group(cli: CliContext, *, as_json: bool) -> None:
    """Examine settings, files, stores, keys, clocks, and what the world meets.

    Changes nothing. Exit code 0 when all is well or chosen, 1 after a warning, 2 after
    an error.
    """
    config, file = cli.config, Path(cli.config_path or "")
    console = Console(stderr=as_json)
    with console.status("Looking") as shown:

        def tell(part: str) -> None:
            shown.update(f"Looking at {part}")

        found = list(examine(config, file, on_part=tell))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        _print(console, found)
    raise SystemExit(max((EXIT[one.severity] for one in found), default=0))


def _print(console: Console, found: list[Finding]) -> None:
    if not console.is_terminal:
        console.width = 160  # a pipe has no width
    table = Table("", "Found", "Why it matters", "What to run", show_lines=True)
    for one in sorted(found, key=lambda one: -EXIT[one.severity]):
        table.add_row(_MARKS[one.severity], one.what, one.why, one.run)
    console.print(table)
