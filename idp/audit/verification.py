"""Prove the chains: find rows that were changed, removed, reordered or moved.

Rows are streamed, so memory stays constant. Of each chain the first bad row is told,
since everything after it hangs in the air. Whoever rewrites a whole chain with its head
is found only by comparing heads that were signed and kept elsewhere.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.audit import personal
from idp.audit.chain import genesis, link_hash, link_of, month_of, shard_of
from idp.audit.models import AuditEvent, AuditHead
from keys.sealing import Sealer

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Fault:
    """The first bad row of a chain."""

    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What was found in one chain."""

    month: str
    shard: int
    events: int
    erased: int
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in all chains."""

    chains: tuple[ChainReport, ...]

    @property
    def events(self) -> int:
        """Return how many rows were read."""
        return sum(chain.events for chain in self.chains)

    @property
    def erased(self) -> int:
        """Return how many events had their personal values erased, rightly so."""
        return sum(chain.erased for chain in self.chains)

    @property
    def faults(self) -> tuple[ChainReport, ...]:
        """Return the chains that are not whole."""
        return tuple(chain for chain in self.chains if chain.fault is not None)


@dataclass(frozen=True, slots=True)
class _Head:
    seq: int
    hash: bytes


def count_events(connection: Connection) -> int:
    """Return how many events the heads tell of, for a progress bar."""
    return connection.scalar(sa.select(sa.func.sum(AuditHead.seq))) or 0


def verify(
    connection: Connection,
    sealer: Sealer,
    *,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Report:
    """Check every chain as one moment saw it (`Database.snapshot`)."""
    heads = {
        (row.month, row.shard): _Head(row.seq, row.hash)
        for row in connection.execute(sa.select(AuditHead.__table__))
    }
    query = sa.select(AuditEvent.__table__).order_by(
        AuditEvent.month, AuditEvent.shard, AuditEvent.seq
    )
    rows = connection.execute(query, execution_options={"yield_per": _BATCH})
    chains = {
        place: _chain(place, chain, heads.get(place), sealer, on_rows)
        for place, chain in groupby(rows, key=attrgetter("month", "shard"))
    }
    for place in heads.keys() - chains.keys():
        chains[place] = ChainReport(*place, 0, 0, Fault(1, "every row is missing"))
    return Report(tuple(chains[place] for place in sorted(chains)))


def _chain(
    place: tuple[str, int],
    rows: Iterable[Any],
    head: _Head | None,
    sealer: Sealer,
    on_rows: Callable[[int], None],
) -> ChainReport:
    events, erased, fault = 0, 0, None
    previous = genesis(*place)
    for events, row in enumerate(rows, start=1):
        if fault is None:
            fault = _fault(row, events, previous, sealer)
            erased += fault is None and personal.was_erased(row)
            previous = row.hash
        if events % _BATCH == 0:
            on_rows(_BATCH)
    if fault is None and head != _Head(events, previous):
        fault = Fault(events + 1, "the chain does not end where its head says")
    return ChainReport(*place, events, erased, fault)


def _fault(row: Any, seq: int, previous: bytes, sealer: Sealer) -> Fault | None:
    place = (month_of(row.at), shard_of(row.account_id))
    if row.seq != seq:
        reason = "the row is missing"
    elif row.previous_hash != previous:
        reason = "the row does not follow the one before it"
    elif row.hash != link_hash(previous, link_of(row)):
        reason = "the row was changed"
    elif place != (row.month, row.shard):
        reason = "the row belongs to another chain"
    elif not personal.is_bound(sealer, row):
        reason = "the personal values were replaced"
    else:
        return None
    return Fault(seq, reason)
