"""Processes that check, seal and write blocks of rows, so that every core has work.

A worker has one block at a time and writes it when its turn comes, so that the order of
the file is kept, others seal meanwhile, memory stays flat, and nothing but lines and
the progress goes through a pipe. It ends when its parent does, however that ends.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from idp.config import Config
from idp.enrolment.importing_file import Block, SourceFile
from idp.enrolment.importing_sealing import RowSealer, SealedBlock, seal_block
from idp.enrolment.importing_stores import open_stores
from idp.enrolment.importing_writer import (
    ImportedElsewhereError,
    Progress,
    write_block,
)
from idp.storage.database import Database
from keys.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker process is told."""

    config: Config
    source: SourceFile
    import_id: UUID
    now: datetime

    def sealing(self, sealer: Sealer) -> Callable[[Block], SealedBlock]:
        """Return the function that seals one block."""
        rows = RowSealer(
            sealer,
            self.config.enrolment,
            import_id=self.import_id,
            sandbox=self.config.sandbox.enabled,
            now=self.now,
        )
        return lambda block: seal_block(rows, self.source, block)


def take_here(
    job: Job, database: Database, sealer: Sealer, blocks: Iterator[Block], at: Progress
) -> Iterator[Progress]:
    """Seal and write the blocks in this process; yield how far it is after each."""
    for sealed in map(job.sealing(sealer), blocks):
        at = write_block(database, sealed, at)
        yield at


def take_beside(
    job: Job, blocks: Iterator[Block], at: Progress, *, workers: int
) -> Iterator[Progress]:
    """Seal and write the blocks in processes of their own, in order."""
    with ExitStack() as stack:
        idle = [stack.enter_context(_worker(job)) for _ in range(workers)]
        busy: deque[Connection[Any, Any]] = deque()
        for pipe in idle:
            _give(pipe, blocks, busy)
        while busy:
            pipe = busy.popleft()
            pipe.send(at)  # its turn
            written = pipe.recv()
            if isinstance(written, ImportedElsewhereError):
                raise written
            at = written
            _give(pipe, blocks, busy)
            yield at


def _give(
    pipe: "Connection[Any, Any]",
    blocks: Iterator[Block],
    busy: "deque[Connection[Any, Any]]",
) -> None:
    block = next(blocks, None)
    if block is not None:
        pipe.send(block)
        busy.append(pipe)


@contextmanager
def _worker(job: Job) -> Iterator["Connection[Any, Any]"]:
    # Not forked from here: it must not hold the other end of its own pipe. All are
    # forked from one process that has read the code, and share its memory.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(job, there), daemon=True)
    process.start()
    there.close()
    try:
        yield here
    finally:
        here.close()
        process.join()


def _work(job: Job, pipe: "Connection[Any, Any]") -> None:
    """Take one block after the other until the pipe is closed."""
    with open_stores(job.config) as stores, suppress(EOFError, BrokenPipeError):
        seal = job.sealing(stores.sealer)
        while True:
            sealed = seal(pipe.recv())
            pipe.send(_write(stores.database, sealed, pipe.recv()))


def _write(
    database: Database, sealed: SealedBlock, at: Progress
) -> Progress | ImportedElsewhereError:
    try:
        return write_block(database, sealed, at)
    except ImportedElsewhereError as error:
        return error
