"""Import dossiers by the million: streamed, resumable, nothing taken twice.

A block of rows, their events and the position in the file are one transaction, so that
a process that dies at any moment leaves a position from which the next one goes on. A
file is known by the digest of its beginning and by its size.
"""

import csv
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import sqlalchemy as sa

from idp.audit.figure_events import ImportBegan, ImportEnded
from idp.audit.log import AuditLog
from idp.config import Config
from idp.enrolment.importing_file import SourceFile, open_source
from idp.enrolment.importing_models import ImportRun, RefusedRow
from idp.enrolment.importing_rows import REASONS
from idp.enrolment.importing_workers import Job, take_beside, take_here
from idp.enrolment.importing_writer import Progress
from idp.storage.database import Database
from keys.sealing import Sealer

_SMALL = 1 << 20  # bytes that are not worth the start of processes
_PAGE = 10_000


class Services(Protocol):
    """The part of the running provider that imports."""

    @property
    def config(self) -> Config:
        """Return the configuration."""

    @property
    def database(self) -> Database:
        """Return the database."""

    @property
    def sealer(self) -> Sealer:
        """Return the sealer of personal values."""

    @property
    def audit(self) -> AuditLog:
        """Return the audit log."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: of all its rows, and in how many bytes it began."""

    progress: Progress
    resumed_at: int
    was_finished: bool


def run(
    services: Services,
    path: Path,
    *,
    now: datetime,
    workers: int | None = None,
    on_block: Callable[[Progress], None] = lambda _: None,
) -> Imported:
    """Import the rows of a file that no earlier run took; return all runs' counts.

    `workers` is the number of processes beside this one: as many as there are cores,
    unless little is left of the file.
    """
    source = open_source(path, max_row_bytes=services.config.imports.max_row_bytes)
    progress, was_finished = _begin(services, source, now)
    begun = progress
    if was_finished:
        return Imported(progress, progress.position, was_finished=True)
    if workers is None:
        is_small = source.size - progress.position < _SMALL
        workers = 0 if is_small else os.cpu_count() or 1
    on_block(progress)
    job = Job(services.config, source, progress.import_id, now)
    chunk = services.config.imports.chunk
    blocks = source.blocks(progress.position, progress.line, chunk)
    steps = (
        take_beside(job, blocks, progress, workers=workers)
        if workers
        else take_here(job, services.database, services.sealer, blocks, progress)
    )
    for progress in steps:
        on_block(progress)
    _end(services, progress, now)
    return Imported(progress, begun.position, was_finished=False)


def write_report(services: Services, progress: Progress, path: Path) -> None:
    """Write the refused rows of all runs: line, code and sentence, as CSV."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "code", "reason"))
        query = (
            sa.select(RefusedRow.line, RefusedRow.code)
            .where(RefusedRow.import_id == progress.import_id)
            .order_by(RefusedRow.line)
        )
        with services.database.snapshot() as connection:
            options = {"yield_per": _PAGE}
            for line, code in connection.execute(query, execution_options=options):
                writer.writerow((line, code, REASONS[code]))
    part.replace(path)


def _begin(
    services: Services, source: SourceFile, now: datetime
) -> tuple[Progress, bool]:
    """Return where an earlier run stopped, or a new run at the first row."""
    with services.database.transaction() as session:
        # Locked: a worker whose parent was killed may still be writing its block.
        row = session.execute(
            sa.select(ImportRun)
            .where(
                ImportRun.head_digest == source.head_digest,
                ImportRun.size == source.size,
            )
            .with_for_update()
        ).scalar_one_or_none()
        if row is None:
            row = ImportRun(
                id=uuid4(),
                head_digest=source.head_digest,
                size=source.size,
                position=source.start,
                line=source.first_line,
                taken=0,
                refused=0,
                started_at=now,
            )
            session.add(row)
            began = ImportBegan(row.id, source.head_digest.hex(), source.size)
            services.audit.record(session, began, now=now)
        progress = Progress(row.id, row.position, row.line, row.taken, row.refused)
        return progress, row.finished_at is not None


def _end(services: Services, progress: Progress, now: datetime) -> None:
    with services.database.transaction() as session:
        ended = session.execute(
            sa.update(ImportRun)
            .where(ImportRun.id == progress.import_id, ImportRun.finished_at.is_(None))
            .values(finished_at=now)
            .returning(ImportRun.id)
        ).all()
        if ended:
            event = ImportEnded(progress.import_id, progress.taken, progress.refused)
            services.audit.record(session, event, now=now)
