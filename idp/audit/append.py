"""Append a transaction's events to their chains, just before it commits.

Hooks on every session do it, so that a chain's head is locked for the shortest time,
and since chains are taken in one order, two transactions never wait for each other in
a circle. Should an append fail, the effect is rolled back with it.
"""

from dataclasses import dataclass

from sqlalchemy import event as hooks
from sqlalchemy.orm import Session, SessionTransaction

from idp.audit.bulk import append_all, ready_entry
from idp.audit.chain import Link
from idp.audit.rows import Entry, append_embedded, append_postgresql

_KEY = "idp.audit.pending"
_FEW = 16


@dataclass(frozen=True, slots=True)
class _Pending:
    """An entry that waits for the commit, and the savepoint that it depends on."""

    entry: Entry
    savepoint: SessionTransaction | None


def enqueue(
    session: Session,
    link: Link,
    personal_sealed: bytes | None,
    number_index: bytes | None,
) -> None:
    """Have an event appended when `session` commits."""
    entry = Entry(link, personal_sealed, number_index)
    pending = _Pending(entry, session.get_nested_transaction())
    session.info.setdefault(_KEY, []).append(pending)


@hooks.listens_for(Session, "before_commit")
def _append_pending(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_KEY):
        return  # a savepoint's events wait for the whole transaction
    session.flush()  # the effects first, so that heads are locked last
    entries = [pending.entry for pending in session.info.pop(_KEY)]
    connection = session.connection()
    if len(entries) > _FEW:  # one by one, others would wait for each of them
        append_all(connection, map(ready_entry, entries))
        return
    entries.sort(key=lambda entry: (entry.link.month, entry.link.shard))
    is_postgresql = connection.dialect.name == "postgresql"
    append = append_postgresql if is_postgresql else append_embedded
    for entry in entries:
        append(connection, entry)


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
