"""Every durable effect of a whole story has its event, in the same transaction."""

import re
from collections import defaultdict

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.audit.models import AuditEvent
from idp.audit.verification import Report, verify
from idp.provider import Provider
from idp.storage.database import Base
from tests.services import BACKENDS
from tests.story import Story

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

_WRITE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
# What the sandbox shows instead of sending, and when something was last seen, prove
# nothing about anybody.
_NO_EFFECT = re.compile(r"INSERT INTO sandbox_outbox|UPDATE \w+ SET last_seen_at=")
EVENTS = sa.table(
    "audit_events", *map(sa.column, ("month", "shard", "seq", "data", "type"))
)


class Transactions:
    """Which tables each transaction wrote, and how many events it left in the log."""

    def __init__(self, engine: sa.Engine) -> None:
        self.committed: list[tuple[set[str], int]] = []
        self._written: dict[int, set[str]] = defaultdict(set)
        with engine.connect() as connection:
            self._events = _count(connection)
        sa.event.listen(engine, "before_cursor_execute", self._execute)
        sa.event.listen(engine, "commit", self._commit)
        sa.event.listen(engine, "rollback", self._rollback)

    def _execute(self, connection, _cursor, statement, *_others) -> None:
        tables = set(_WRITE.findall(statement))
        if not _NO_EFFECT.match(statement):
            self._written[id(connection)] |= tables

    def _commit(self, connection) -> None:
        # Told just before the COMMIT: what is counted is this transaction's own.
        before, self._events = self._events, _count(connection)
        written = self._written.pop(id(connection), set())
        self.committed.append((written, self._events - before))

    def _rollback(self, connection) -> None:
        self._written.pop(id(connection), None)


def _count(connection: sa.Connection) -> int:
    # The driver's own cursor, so that no listener hears it.
    cursor = connection.connection.cursor()
    cursor.execute("SELECT count(*) FROM audit_events")
    return int(cursor.fetchone()[0])


@pytest.fixture
def story(app: Flask, provider: Provider) -> Story:
    return Story(app, provider)


def check(provider: Provider) -> Report:
    with provider.database.snapshot() as connection:
        return verify(connection, provider.sealer)


def test_every_effect_has_an_event(story: Story, provider: Provider) -> None:
    """No transaction writes a table of ours and leaves the log as it was."""
    seen = Transactions(provider.database.engine)

    story.tell()

    assert not [tables for tables, events in seen.committed if tables and not events]
    touched = set().union(*(tables for tables, _ in seen.committed))
    assert touched >= {
        "credentials", "grants", "known_devices", "locks",
        "pairwise_subjects", "refresh_tokens", "relying_parties", "sessions",
    }  # fmt: skip
    assert touched <= set(Base.metadata.tables)
    with provider.database.read() as connection:
        types = set(connection.execute(sa.select(AuditEvent.type)).scalars())
    assert types >= {
        "ClientRegistered", "SessionStarted", "FactorProven", "CredentialUsed",
        "DeviceRemembered", "GrantGiven", "SessionReached", "RefreshTokenIssued",
        "RefreshTokenRotated", "RefreshTokensEnded", "GrantEnded", "SessionEnded",
        "LockPlaced", "LockLifted",
    }  # fmt: skip


def test_the_chains_prove_the_story(story: Story, provider: Provider) -> None:
    """Whole at the end; one changed, removed or moved row is found in its chain."""
    story.tell()
    assert not list(check(provider).faults)
    engine = provider.database.engine
    with engine.connect() as connection:
        row = connection.execute(
            sa.select(EVENTS).where(EVENTS.c.type == "GrantGiven").limit(1)
        ).one()
    here = (
        EVENTS.c.month == row.month,
        EVENTS.c.shard == row.shard,
        EVENTS.c.seq == row.seq,
    )
    for statement in (
        sa.update(EVENTS).where(*here).values(data="{}"),
        sa.update(EVENTS).where(*here).values(seq=row.seq + 100_000),
        sa.delete(EVENTS).where(*here),
    ):
        with engine.connect() as connection, connection.begin() as attempt:
            assert connection.execute(statement).rowcount == 1
            broken = verify(connection, provider.sealer)
            attempt.rollback()
        assert [chain.shard for chain in broken.faults] == [row.shard]
    assert not list(check(provider).faults)
