"""`idp enrol`: import dossiers from a file."""

from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from idp import clock
from idp.cli.context import CliContext, pass_cli
from idp.cli.notify import notify
from idp.cli.overdue import overdue
from idp.enrolment import importing, importing_writer
from idp.enrolment.importing_stores import open_stores

_PLAIN_EVERY = 5.0  # seconds between two lines where there is no terminal


@click.group()
def group() -> None:
    """Import dossiers, list those that are overdue, tell of decisions."""


group.add_command(notify)
group.add_command(overdue)


@group.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where refused rows are told (FILE.refused.csv).",
)
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    help="Processes that check and seal rows (as many as cores).",
)
@pass_cli
def import_(
    cli: CliContext, file: Path, report: Path | None, workers: int | None
) -> None:
    """Import the dossiers in FILE (.csv or .jsonl), going on where it was stopped.

    Its name may be another the next time, its content may not. Nothing is imported
    twice: an external id, a personal number and a phone are taken once.
    """
    console, target = Console(), report or file.with_name(f"{file.name}.refused.csv")
    with open_stores(cli.config) as stores:
        with _Meter(console, file.stat().st_size) as meter:
            done = importing.run(
                stores, file, now=clock.now(), workers=workers, on_block=meter.show
            )
        progress = done.progress
        if done.was_finished:
            console.print("This file was imported before; nothing was done.")
        console.print(f"Taken: {progress.taken:,}. Refused: {progress.refused:,}.")
        if progress.refused:
            importing.write_report(stores, progress, target)
            console.print(f"Refused rows with their reasons: {target}", soft_wrap=True)


class _Meter:
    """How far it is: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, size: int) -> None:
        self._console = console
        self._size = size
        self._bar = Progress(
            TextColumn("Importing"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=size, rows="")
        self._first: importing_writer.Progress | None = None
        self._begun = self._told = monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, at: importing_writer.Progress) -> None:
        """Show where the import is now."""
        now = monotonic()
        if self._first is None:
            self._first, self._begun = at, now
        text = self._text(at, now - self._begun)
        self._bar.update(self._task, completed=at.position, rows=text)
        is_due = now - self._told >= _PLAIN_EVERY or at.position == self._size
        if not self._console.is_terminal and is_due:
            self._told = now
            left = self._left(at, now - self._begun)
            share = at.position / max(self._size, 1)
            self._console.print(f"{share:4.0%}  {text}, {left} left", soft_wrap=True)

    def _text(self, at: importing_writer.Progress, seconds: float) -> str:
        rows = at.taken + at.refused
        begun = self._first.taken + self._first.refused if self._first else 0
        rate = (rows - begun) / seconds if seconds > 0 else 0
        return f"{at.taken:,} taken, {at.refused:,} refused, {rate:,.0f} rows/s"

    def _left(self, at: importing_writer.Progress, seconds: float) -> timedelta:
        begun = self._first.position if self._first else 0
        done = at.position - begun
        left = seconds * (self._size - at.position) / done if done else 0
        return timedelta(seconds=round(left))
