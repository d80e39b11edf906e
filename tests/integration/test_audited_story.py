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

_WRITE = re.compile(
    r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)\"?(.*)", re.DOTALL
)
_AUDIT = {"audit_events", "audit_heads"}
# What the sandbox shows instead of sending, and when something was last seen, prove
# nothing about anybody.
_NO_EFFECT = re.compile(r"INSERT INTO sandbox_outbox|UPDATE \w+ SET last_seen_at=")
EVENTS = sa.table(
    "audit_events", *map(sa.column, ("month", "shard", "seq", "data", "type"))
)


class Transactions:
    """What each committed transaction wrote, as the engine saw it."""

    def __init__(self, engine: sa.Engine) -> None:
        self.committed: list[set[str]] = []
        self._open: dict[int, set[str]] = defaultdict(set)
        sa.event.listen(engine, "before_cursor_execute", self._execute)
        sa.event.listen(engine, "commit", self._commit)
        sa.event.listen(engine, "rollback", self._rollback)

    def _execute(self, connection, _cursor, statement, *_others) -> None:
        tables = {match[1] for match in _WRITE.finditer(statement)}
        if tables and not _NO_EFFECT.match(statement):
            self._open[id(connection)] |= tables

    def _commit(self, connection) -> None:
        self.committed.append(self._open.pop(id(connection), set()))

    def _rollback(self, connection) -> None:
        self._open.pop(id(connection), None)


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

    written = [tables for tables in seen.committed if tables]
    assert not [tables for tables in written if not tables & _AUDIT]
    touched = set().union(*written)
    assert touched >= {
        "accounts", "credentials", "grants", "known_devices", "locks",
        "pairwise_subjects", "refresh_tokens", "relying_parties", "sessions",
    } - {"accounts"}  # fmt: skip
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
