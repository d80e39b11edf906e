"""Prove the chains: find rows that were changed, removed, reordered or moved.

Rows are streamed, so memory stays constant. Of each chain the first bad row is told,
since everything after it hangs in the air. Whoever rewrites a whole chain with its head
is found by the checkpoints of signed heads, up to the last of them; what came after
is counted as not covered, and a fault if it is older than a head should have left it.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.audit import personal, stream
from idp.audit.chain import encode_place, encode_row, genesis, shard_of_text
from idp.audit.checkpoints import Checkpoint, Checkpoints
from idp.audit.head import End, Place
from idp.audit.models import AuditHead
from idp.audit.stream import BATCH, Row, Span
from keys.sealing import Sealer

_ALL = Span()


@dataclass(frozen=True, slots=True)
class Fault:
    """The first bad row of a chain, or the first of those that may be bad."""

    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was found in one chain; `covered` rows are proven by a signed head."""

    month: str
    shard: int
    events: int
    erased: int
    fault: Fault | None
    covered: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in all chains; `left` rows are still there of purged months."""

    chains: tuple[ChainReport, ...]
    purged: tuple[str, ...] = ()
    left: int = 0

    @property
    def events(self) -> int:
        """Return how many rows were read."""
        return sum(chain.events for chain in self.chains)

    @property
    def erased(self) -> int:
        """Return how many events had their personal values erased, rightly so."""
        return sum(chain.erased for chain in self.chains)

    @property
    def uncovered(self) -> int:
        """Return how many rows of whole chains lie behind the last signed head."""
        whole = (chain for chain in self.chains if chain.fault is None)
        return sum(chain.events - chain.covered for chain in whole)

    @property
    def faults(self) -> tuple[ChainReport, ...]:
        """Return the chains that are not whole."""
        return tuple(chain for chain in self.chains if chain.fault is not None)


def count_events(connection: Connection, span: Span = _ALL) -> int:
    """Return how many events the heads tell of, for a progress bar."""
    within = AuditHead.month.between(*span)
    return connection.scalar(sa.select(sa.func.sum(AuditHead.seq)).where(within)) or 0


def verify(
    connection: Connection,
    sealer: Sealer | None,
    *,
    checkpoints: Checkpoints | None = None,
    span: Span = _ALL,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Report:
    """Check every chain as one moment saw it (`Database.snapshot`).

    Without a sealer, which takes the key-encryption key, sealed personal values are
    not compared with what the chain says of them.
    """
    told = checkpoints or Checkpoints()
    heads = _heads(connection, span)
    chains: dict[Place, ChainReport] = {}
    left, until = 0, told.covered_until()
    rows = stream.rows(connection, span)
    for month, of_month in groupby(rows, key=itemgetter(0)):
        if month in told.purged:
            left += sum(1 for _ in of_month)
            continue
        signed = told.of_month(month)
        for shard, of_chain in groupby(of_month, key=itemgetter(1)):
            place = Place(month, shard)
            chain = _Chain(
                place, heads.get(place), signed.get(shard, ()), sealer, until
            )
            chains[place] = chain.check(of_chain, on_rows)
    for place in _missing(heads, told, span) - chains.keys():
        chains[place] = ChainReport(*place, 0, 0, Fault(1, "every row is missing"))
    purged = tuple(sorted(filter(span.holds, told.purged)))
    return Report(tuple(chains[place] for place in sorted(chains)), purged, left)


def _heads(connection: Connection, span: Span) -> dict[Place, End]:
    query = sa.select(AuditHead.__table__).where(AuditHead.month.between(*span))
    return {
        Place(row.month, row.shard): End(row.seq, row.hash)
        for row in connection.execute(query)
    }


def _missing(heads: dict[Place, End], told: Checkpoints, span: Span) -> set[Place]:
    """Return the chains that are known; whoever has read a chain takes it out."""
    signed = {place for place in told.last if span.holds(place.month)}
    return {place for place in heads.keys() | signed if place.month not in told.purged}


class _Chain:
    """One chain while its rows go by."""

    def __init__(
        self,
        place: Place,
        head: End | None,
        signed: Sequence[Checkpoint],
        sealer: Sealer | None,
        covered_until: int,
    ) -> None:
        self._covered_until = covered_until
        self._last_signed = max((one.seq for one in signed), default=0)
        self._place = place
        self._head = head
        self._signed = signed
        self._sealer = sealer
        self._begin, self._end = _bounds(place.month)
        self._tail = encode_place(*place)

    def check(
        self, rows: Iterator[tuple[Any, ...]], on_rows: Callable[[int], None]
    ) -> ChainReport:
        """Return what was found; once a row is bad the others are only counted."""
        events, erased, fault = 0, 0, None
        previous, waiting = genesis(*self._place), iter(self._signed)
        signed = next(waiting, None)
        for events, row in enumerate(rows, start=1):
            if fault is None:
                fault = self._fault(row, events, previous)
                erased += fault is None and personal.was_erased(row[7], row[6])
                previous = row[10]
                while fault is None and signed and signed.seq == events:
                    fault = self._against(signed, previous)
                    signed = next(waiting, None)
            if events % BATCH == 0:
                on_rows(BATCH)
        on_rows(events % BATCH)
        if fault is None:
            fault = self._fault_of_end(events, previous)
        last = bisect_right(self._signed, events, key=lambda one: one.seq)
        covered = self._signed[last - 1].seq if last and fault is None else 0
        return ChainReport(*self._place, events, erased, fault, covered)

    def _fault(self, row: tuple[Any, ...], seq: int, previous: bytes) -> Fault | None:
        _, shard, stated, at, kind, account, data, sealed, index, before, hashed = row
        record = encode_row(at, kind, account, data, self._tail)
        if stated != seq:
            reason = "the row is missing"
        elif before != previous:
            reason = "the row does not follow the one before it"
        elif hashed != sha256(previous + record).digest():
            reason = "the row was changed"
        elif not self._begin <= at < self._end or shard_of_text(account) != shard:
            reason = "the row belongs to another chain"
        elif (sealed or index) and self._is_foreign(row):
            reason = "the personal values were replaced"
        elif at < self._covered_until and seq > self._last_signed:
            reason = "no head covers the row, though later ones were signed"
        else:
            return None
        return Fault(seq, reason)

    def _is_foreign(self, values: tuple[Any, ...]) -> bool:
        row = Row._make(values)
        if self._sealer is None:
            return row.personal_sealed is None  # an index of values that are erased
        return not personal.is_bound(self._sealer, row)

    def _against(self, signed: Checkpoint, hashed: bytes) -> Fault | None:
        """Return what is wrong if the row is not the one that was signed."""
        if signed.hash == hashed:
            return None
        before = [one.seq for one in self._signed if one.seq < signed.seq]
        first = max(before, default=0) + 1
        said = (
            f"the rows up to {signed.seq} are not those that head {signed.head} signed"
        )
        return Fault(first, said)

    def _fault_of_end(self, events: int, previous: bytes) -> Fault | None:
        last = self._signed[-1] if self._signed else None
        if last and last.seq > events:
            said = (
                f"the rows up to {last.seq}, which head {last.head} signed, are missing"
            )
            return Fault(events + 1, said)
        if self._head != End(events, previous):
            return Fault(events + 1, "the chain does not end where its head says")
        return None


def _bounds(month: str) -> tuple[int, int]:
    """Return the month's first microsecond and the next one's; of none, nothing."""
    try:
        begin = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        return 0, 0
    years, months = divmod(begin.month, 12)
    end = begin.replace(year=begin.year + years, month=months + 1)
    return round(begin.timestamp()) * 1_000_000, round(end.timestamp()) * 1_000_000
