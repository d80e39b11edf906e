"""Events appended in bulk make the chains that one by one would make."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from idp.audit.bulk import append_all, ready
from idp.audit.events import PasswordChanged, SessionStarted, StateChanged
from idp.audit.log import AuditLog
from idp.audit.models import AuditEvent
from idp.audit.verification import verify
from idp.storage.database import Database
from keys.sealing import Sealer
from tests.services import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

SEALER = Sealer({1: b"s" * 32}, b"i" * 32)
NOW = datetime(2026, 10, 31, 23, 59, 59, 999_000, tzinfo=UTC)
ACCOUNTS = [UUID(int=number) for number in range(40)]


def some_events() -> list[tuple[object, datetime]]:
    """Return events of many accounts, over the end of a month."""
    later = [NOW + timedelta(milliseconds=number) for number in range(3)]
    return [
        event
        for account in ACCOUNTS
        for event in (
            (StateChanged(account, "submitted", "in_review"), later[0]),
            (PasswordChanged(account), later[1]),
            (PasswordChanged(account), later[2]),
        )
    ]


def rows(database: Database) -> list[tuple]:
    with database.read() as connection:
        query = sa.select(AuditEvent.__table__).order_by(
            AuditEvent.month, AuditEvent.shard, AuditEvent.seq
        )
        return [tuple(row) for row in connection.execute(query)]


def in_bulk(database: Database, events: list) -> None:
    with database.transaction() as session:
        entries = [ready(event, at=at) for event, at in events]
        append_all(session.connection(), entries)


def test_the_rows_are_the_same_to_the_last_hash(database: Database) -> None:
    """Whether one by one or at once, not a byte differs."""
    audit, events = AuditLog(SEALER), some_events()
    with database.transaction() as session:
        for event, at in events:
            audit.record(session, event, now=at)
    one_by_one = rows(database)
    with database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM audit_events"))
        connection.execute(sa.text("DELETE FROM audit_heads"))

    in_bulk(database, events)

    assert len(one_by_one) == 120
    assert rows(database) == one_by_one


def test_nothing_to_append_changes_nothing(database: Database) -> None:
    """A chunk whose rows were all refused leaves no head behind."""
    in_bulk(database, [])

    assert rows(database) == []


def test_parallel_appends_of_both_kinds_leave_whole_chains(database: Database) -> None:
    """Bulk and single appends take their turns at the heads."""
    audit = AuditLog(SEALER)

    def single(account: UUID) -> None:
        with database.transaction() as session:
            started = SessionStarted(account, uuid4(), "pwd")
            audit.record(session, started, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        bulk = [pool.submit(in_bulk, database, some_events()) for _ in range(4)]
        list(pool.map(single, ACCOUNTS))
        for done in bulk:
            done.result()

    with database.snapshot() as connection:
        report = verify(connection, SEALER)
    assert (report.events, report.faults) == (4 * 120 + 40, ())
