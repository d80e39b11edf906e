"""Processes that check and seal blocks of rows, so that every core has work.

A worker has one block at a time and answers in turn, so the order of the file is kept,
memory stays flat, and no pipe ever waits for itself. It ends when its parent does,
however that ends.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from uuid import UUID

from idp.config import Config
from idp.enrolment.importing_file import Block, SourceFile, is_blank
from idp.enrolment.importing_rows import RefusedRowError
from idp.enrolment.importing_sealing import RowSealer, Sealed
from idp.storage.key_store import DatabaseRingStore
from idp.storage.opening import open_database
from keys.envelope import read_kek
from keys.sealing import Sealer
from keys.secrets import ServerSecrets


class SealedBlock(NamedTuple):
    """What became of a block's rows, and where the next block begins."""

    rows: list[Sealed]
    refused: list[tuple[int, str]]
    lines: int
    end: int


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
        return lambda block: _seal(self.source, rows, block)


def seal_blocks(
    job: Job, sealer: Sealer, blocks: Iterator[Block], *, workers: int
) -> Iterator[SealedBlock]:
    """Yield the blocks sealed and in order; without workers, in this process."""
    if workers == 0:
        yield from map(job.sealing(sealer), blocks)
        return
    with ExitStack() as stack:
        idle = [stack.enter_context(_worker(job)) for _ in range(workers)]
        busy: deque[Connection[Any, Any]] = deque()
        for pipe in idle:
            _give(pipe, blocks, busy)
        while busy:
            pipe = busy.popleft()
            sealed = pipe.recv()
            _give(pipe, blocks, busy)  # it works on while this block is written
            yield sealed


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
    # Spawned, not forked: it must not hold the other end of its own pipe.
    context = multiprocessing.get_context("spawn")
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
    """Seal one block after the other until the pipe is closed."""
    with closing(open_database(job.config)) as database:
        kek = read_kek(job.config.keys.kek_file)
        sealer = ServerSecrets.load(DatabaseRingStore(database), kek).sealer()
    seal = job.sealing(sealer)
    while True:
        try:
            block = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(seal(block))
        except BrokenPipeError:
            return


def _seal(source: SourceFile, rows: RowSealer, block: Block) -> SealedBlock:
    sealed: list[Sealed] = []
    refused: list[tuple[int, str]] = []
    for number, line in enumerate(block.lines, start=block.first_line):
        if is_blank(line):
            continue
        try:
            sealed.append(rows.seal(number, source.row(line)))
        except RefusedRowError as refusal:
            refused.append((number, refusal.code))
    return SealedBlock(sealed, refused, len(block.lines), block.end)
