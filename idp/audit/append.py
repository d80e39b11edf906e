"""Write a transaction's events to their chains, just before it commits.

Hooks on every session do it: a chain's head row is locked for the shortest time, many
events of one transaction cost no more statements than one, and since chains are taken
in one order, two transactions never wait for each other in a circle. Should the append
fail, the effect is rolled back with it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event as hooks
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, SessionTransaction

from idp.audit import personal
from idp.audit.chain import Link, genesis, link_hash
from idp.audit.models import AuditEvent, AuditHead
from keys.sealing import Sealer

_KEY = "idp.audit.pending"
_HEADS = cast("sa.Table", AuditHead.__table__)
_EVENTS = cast("sa.Table", AuditEvent.__table__)

_THIS_HEAD = (_HEADS.c.month == sa.bindparam("head_month")) & (
    _HEADS.c.shard == sa.bindparam("head_shard")
)
_LOCK = sa.select(_HEADS.c.seq, _HEADS.c.hash).where(_THIS_HEAD).with_for_update()
_MOVE = (
    sa.update(_HEADS)
    .where(_THIS_HEAD)
    .values(seq=sa.bindparam("head_seq"), hash=sa.bindparam("head_hash"))
)
_INSERT = sa.insert(_EVENTS)
# PostgreSQL does both in one statement, which saves a round trip of every commit.
_INSERT_AND_MOVE = (
    sa.insert(_EVENTS)
    .values({column: sa.bindparam(f"event_{column.name}") for column in _EVENTS.c})
    .add_cte(_MOVE.cte("moved"))
)


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that waits for its transaction to commit."""

    month: str
    shard: int
    at: datetime
    type: str
    account_id: UUID | None
    data: str
    personal: str | None
    sealer: Sealer
    savepoint: SessionTransaction | None


def enqueue(session: Session, pending: Pending) -> None:
    """Have `pending` appended when `session` commits."""
    session.info.setdefault(_KEY, []).append(pending)


@hooks.listens_for(Session, "before_commit")
def _append_pending(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_KEY):
        return  # a savepoint's events wait for the whole transaction
    session.flush()  # the effects first, so that heads are locked last
    chain_of = attrgetter("month", "shard")
    pending = sorted(session.info.pop(_KEY), key=chain_of)
    for (month, shard), events in groupby(pending, key=chain_of):
        _append(session.connection(), month, shard, events)


@hooks.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, ended: SessionTransaction) -> None:
    pending = session.info.pop(_KEY, None)
    if pending and ended.nested:
        kept = [item for item in pending if not _is_within(item.savepoint, ended)]
        session.info[_KEY] = kept


def _is_within(inner: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while inner is not None and inner is not outer:
        inner = inner.parent
    return inner is outer


def _append(
    connection: Connection, month: str, shard: int, events: Iterable[Pending]
) -> None:
    seq, digest = _locked_head(connection, month, shard)
    rows = []
    for pending in events:
        row = _row(pending, seq + 1, digest)
        seq, digest = row["seq"], row["hash"]
        rows.append(row)
    head = {
        "head_month": month,
        "head_shard": shard,
        "head_seq": seq,
        "head_hash": digest,
    }
    if connection.dialect.name == "postgresql" and len(rows) == 1:
        event = {f"event_{name}": value for name, value in rows[0].items()}
        connection.execute(_INSERT_AND_MOVE, {**event, **head})
    else:
        connection.execute(_INSERT, rows)
        connection.execute(_MOVE, head)


def _row(pending: Pending, seq: int, previous: bytes) -> dict[str, Any]:
    link = Link(
        month=pending.month,
        shard=pending.shard,
        seq=seq,
        at=pending.at,
        type=pending.type,
        account_id=pending.account_id,
        data=pending.data,
    )
    sealed = None
    if pending.personal is not None:
        sealed = personal.seal(pending.sealer, pending.personal, link)
    return {
        **asdict(link),
        "personal_sealed": sealed,
        "previous_hash": previous,
        "hash": link_hash(previous, link),
    }


def _locked_head(connection: Connection, month: str, shard: int) -> tuple[int, bytes]:
    place = {"head_month": month, "head_shard": shard}
    head = connection.execute(_LOCK, place).one_or_none()
    if head is None:
        # The first event of a month: of parallel callers one inserts, all then wait.
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(
            dialect.insert(_HEADS)
            .values(month=month, shard=shard, seq=0, hash=genesis(month, shard))
            .on_conflict_do_nothing()
        )
        head = connection.execute(_LOCK, place).one()
    return head.seq, head.hash
