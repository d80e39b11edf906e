"""What signed heads say of each chain, for a proof that reads the rows beside it.

A year has half a million heads, each with sixteen chains: what is new in them is laid
aside on disk, month by month, and one month at a time is in memory.
"""

import struct
from collections import defaultdict
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, NamedTuple

from idp.audit.head import Place, SignedHead

_RECORD = struct.Struct(">HQQ32s")


class Checkpoint(NamedTuple):
    """A row whose hash a signed head tells."""

    seq: int
    head: int
    hash: bytes


class Checkpoints:
    """The checkpoints of all chains, and which head gave up which month.

    A row that no head covers though the newest is more than `late` seconds younger is a
    fault: heads came, and left its chain out. None asks for nothing.
    """

    def __init__(self) -> None:
        self.heads = 0
        self.late: int | None = None
        self.newest: SignedHead | None = None
        self.last: dict[Place, Checkpoint] = {}
        self.purged: dict[str, int] = {}
        self._files = ExitStack()
        self._spools: dict[str, IO[bytes]] = {}

    def add(self, head: SignedHead) -> None:
        """Take what a head says; heads come in their order."""
        self.heads += 1
        self.newest = head
        self.purged |= dict.fromkeys(head.purged, head.number)
        for place, end in head.chains.items():
            known = self.last.get(place)
            if known and (known.seq, known.hash) == end:
                continue  # said before: most heads repeat most chains
            self.last[place] = Checkpoint(end.seq, head.number, end.hash)
            self._spool(place.month).write(
                _RECORD.pack(place.shard, end.seq, head.number, end.hash)
            )

    def covered_until(self) -> int:
        """Return before when every row should be covered: microseconds since 1970."""
        if self.late is None or self.newest is None:
            return 0
        return (self.newest.at - self.late) * 1_000_000

    def of_month(self, month: str) -> dict[int, list[Checkpoint]]:
        """Return each shard's checkpoints, in the order of its rows."""
        found: dict[int, list[Checkpoint]] = defaultdict(list)
        spool = self._spools.get(month)
        if spool is not None:
            spool.seek(0)
            for shard, *values in _RECORD.iter_unpack(spool.read()):
                found[shard].append(Checkpoint(*values))
            for checkpoints in found.values():
                checkpoints.sort()
        return found

    def _spool(self, month: str) -> IO[bytes]:
        if month not in self._spools:
            file = TemporaryFile()  # noqa: SIM115 - closed with the others
            self._spools[month] = self._files.enter_context(file)
        return self._spools[month]

    def close(self) -> None:
        """Give the disk's room back."""
        self._files.close()
