"""`idp audit`: prove that the audit log is whole, tell it to others."""

import json
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from idp.audit import sinks
from idp.audit.checkpoints import Checkpoints
from idp.audit.head import HeadFault
from idp.audit.proof import gather, own_keys, read_keys
from idp.audit.stream import Span
from idp.audit.verification import Report, count_events, verify
from idp.cli.audit_export import export
from idp.cli.audit_heads import heads
from idp.cli.context import CliContext, pass_cli
from idp.storage.database import Database
from idp.storage.opening import open_database, open_sealer

_MONTH = click.DateTime(["%Y-%m"])
_LATE = 10  # heads that leave a row out are no accident
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


class UnprovableError(click.ClickException):
    """Nothing could be proven, nor refuted."""

    exit_code = 2


@click.group()
def group() -> None:
    """Prove the audit log, sign its heads, tell it to a SIEM."""


group.add_command(heads)
group.add_command(export)


@group.command("verify")
@click.option("--heads", "heads_file", type=_FILE, help="Exported heads; no others.")
@click.option("--keys", "keys_file", type=_FILE, help="Public keys: JWK set or PEM.")
@click.option("--month", type=_MONTH, help="The chains of this month alone.")
@click.option("--since", type=_MONTH, help="The chains of this month and later.")
@click.option("--without-kek", is_flag=True, help="Leave sealed values unopened.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_cli
def verify_chains(cli: CliContext, /, **asked: Any) -> None:
    """Check every chain, and with it what the signed heads say of it.

    Exit code 0: whole. 1: something was changed, removed, reordered, or is not what a
    head signed. 2: it could not be proven (no database, no keys).

    With --heads and --keys nothing is believed but these files; without, the heads and
    keys in the database, which whoever can write there may have replaced.
    """
    if asked["heads_file"] and not asked["keys_file"]:
        raise click.UsageError(
            "--heads needs --keys: keys kept away from this database"
        )
    is_sealed = asked["without_kek"]
    with closing(open_database(cli.config)) as database:
        sealer = None if is_sealed else open_sealer(cli.config, database)
        checkpoints, broken = _checkpoints(
            database, asked["heads_file"], asked["keys_file"]
        )
        checkpoints.late = _LATE * cli.config.audit.sign_every
        span = _span(asked["month"], asked["since"])
        with (
            closing(checkpoints),
            _progress() as bar,
            database.snapshot() as connection,
        ):
            total = count_events(connection, span)
            task = bar.add_task("Reading events", total=total)
            report = verify(
                connection,
                sealer,
                checkpoints=checkpoints,
                span=span,
                on_rows=lambda rows: bar.advance(task, rows),
            )
    show = _print_json if asked["as_json"] else _print
    show(report, checkpoints, broken)
    raise SystemExit(1 if report.faults or broken else 0)


def _span(month: datetime | None, since: datetime | None) -> Span:
    if month is not None:
        return Span(f"{month:%Y-%m}", f"{month:%Y-%m}")
    return Span() if since is None else Span(f"{since:%Y-%m}")


def _checkpoints(
    database: Database, heads_file: Path | None, keys_file: Path | None
) -> tuple[Checkpoints, HeadFault | None]:
    with database.snapshot() as connection:
        try:
            keys = read_keys(keys_file) if keys_file else own_keys(connection)
        except (OSError, ValueError) as error:
            raise UnprovableError(f"keys: {error}") from error
        if heads_file:
            with heads_file.open(encoding="ascii", errors="replace") as lines:
                return gather(lines, keys)
        return gather(sinks.lines(connection), keys)


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} rows/s")


def _progress() -> Progress:
    said, bar = TextColumn("{task.description}"), BarColumn()
    return Progress(
        said, bar, MofNCompleteColumn(), _Rate(), TimeRemainingColumn(), transient=True
    )


def _print(report: Report, checkpoints: Checkpoints, broken: HeadFault | None) -> None:
    console = Console(highlight=False)
    erased = f", personal values erased in {report.erased}" if report.erased else ""
    console.print(f"{report.events} events in {len(report.chains)} chains{erased}.")
    for month in report.purged:
        ends = [end for place, end in checkpoints.last.items() if place.month == month]
        rows, head = sum(end.seq for end in ends), checkpoints.purged[month]
        console.print(f"{month}: {rows} events purged, as head {head} says.")
    if report.left:
        console.print(f"{report.left} rows of purged months remain: idp db retain.")
    _print_heads(console, report, checkpoints, broken)
    if not report.faults:
        console.print("Every chain is whole.")
        return
    table = Table("Month", "Shard", "Event", "What is wrong there first")
    for chain in report.faults:
        if chain.fault is not None:
            row = (chain.shard, chain.fault.seq, chain.fault.reason)
            table.add_row(chain.month, *map(str, row))
    console.print(table)


def _print_heads(
    console: Console,
    report: Report,
    checkpoints: Checkpoints,
    broken: HeadFault | None,
) -> None:
    newest = checkpoints.newest
    if newest is None:
        console.print("No signed head: whoever rewrites whole chains is not found.")
    else:
        day = f"{datetime.fromtimestamp(newest.at).astimezone():%Y-%m-%d %H:%M:%S%z}"
        console.print(
            f"{checkpoints.heads} signed heads of {newest.issuer}, the last of {day}."
        )
    if report.uncovered:
        console.print(f"{report.uncovered} events since are not yet covered.")
    if broken is not None:
        console.print(
            f"Head {broken.number}: {broken.reason}. Those after it count not."
        )


def _print_json(
    report: Report, checkpoints: Checkpoints, broken: HeadFault | None
) -> None:
    newest = checkpoints.newest
    faults = [
        {"month": one.month, "shard": one.shard, "event": one.fault.seq,
         "reason": one.fault.reason}
        for one in report.faults
        if one.fault is not None
    ]  # fmt: skip
    told = {
        "is_whole": not faults and broken is None,
        "events": report.events,
        "chains": len(report.chains),
        "erased": report.erased,
        "uncovered": report.uncovered,
        "purged": list(report.purged),
        "heads": checkpoints.heads,
        "last_head_at": newest.at if newest else None,
        "broken_head": broken and {"number": broken.number, "reason": broken.reason},
        "faults": faults,
    }
    click.echo(json.dumps(told, indent=2))
