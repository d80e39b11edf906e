"""`idp enrol overdue`: the dossiers whose term ran out, for a nightly report."""

import click
from rich.console import Console
from rich.table import Table

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.enrolment import queue
from idp.enrolment.receipts import receipt_text


@click.command()
@click.option("--province", help="Only dossiers of this province, or of none.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--fail", is_flag=True, help="Exit with 1 if there is any.")
@pass_cli
def overdue(cli: CliContext, province: str | None, limit: int, *, fail: bool) -> None:
    """List overdue dossiers, the longest overdue first (Decree 69/2024 art. 13).

    They name nobody: receipt, kind, state, province and due date.
    """
    now = clock.now()
    with cli.provider.database.read() as connection:
        found = queue.waiting(
            connection, now=now, province_code=province, overdue_only=True, limit=limit
        )
        total = queue.count_overdue(connection, now=now)
    table = Table("receipt", "kind", "state", "province", "due (UTC)")
    for view in found:
        table.add_row(
            receipt_text(view.receipt),
            view.kind,
            view.state,
            view.province_code or "-",
            f"{view.due_at:%Y-%m-%d %H:%M}",
        )
    Console().print(table)
    click.echo(f"Overdue in the whole country: {total}.")
    if fail and total:
        raise SystemExit(1)
