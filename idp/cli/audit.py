"""`idp audit`: prove that the audit log is whole."""

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from idp.audit.verification import Report, count_events, verify
from idp.cli.context import CliContext, pass_cli
from idp.storage.opening import open_database, open_sealer


@click.group()
def group() -> None:
    """Prove that the audit log is whole."""


@group.command("verify")
@pass_cli
def verify_chains(cli: CliContext) -> None:
    """Check every chain; exit code 1 if a row was changed, removed or reordered."""
    database = open_database(cli.config)
    sealer = open_sealer(cli.config, database)
    with Progress(transient=True) as progress, database.snapshot() as connection:
        task = progress.add_task("Reading events", total=count_events(connection))
        report = verify(
            connection, sealer, on_rows=lambda rows: progress.advance(task, rows)
        )
    database.close()
    _print(report)
    raise SystemExit(1 if report.faults else 0)


def _print(report: Report) -> None:
    console = Console()
    erased = f", personal values erased in {report.erased}" if report.erased else ""
    console.print(f"{report.events} events in {len(report.chains)} chains{erased}.")
    if not report.faults:
        console.print("Every chain is whole.")
        return
    table = Table("Month", "Shard", "Event", "What is wrong there first")
    for chain in report.faults:
        if chain.fault is not None:
            row = (chain.shard, chain.fault.seq, chain.fault.reason)
            table.add_row(chain.month, *map(str, row))
    console.print(table)
