"""What the metrics' port knows from the stores; the workers' sums: tests/attacks."""

from contextlib import closing
from pathlib import Path
from uuid import uuid4

from prometheus_client import CollectorRegistry

from idp import clock
from idp.approvals.models import BrokenGlass
from idp.audit import heads
from idp.audit.models import AuditSink
from idp.exporter import Stores
from idp.provider import Provider
from idp.signals.models import SignalNotice
from idp.storage.database import Database
from keys.ring import RINGS

_AN_HOUR = 3600


def told(database: Database) -> CollectorRegistry:
    """Return what one scrape tells."""
    registry = CollectorRegistry()
    registry.register(Stores(database))
    return registry


def test_keys_outboxes_and_broken_glass(provider: Provider) -> None:
    """Each ring has one key that signs; a broken glass sounds until it is heard."""
    glass = BrokenGlass(
        id=uuid4(), act="keys.kill", subject="a key", reason="theft", at=clock.now()
    )
    with provider.database.transaction() as session:
        session.add(glass)
    assert heads.sign(provider, now=clock.now()) > 0
    sink = AuditSink(name="file", number=0, attempts=3, due_at=clock.now())
    with provider.database.transaction() as session:
        session.add(sink)

    seen = told(provider.database)

    assert seen.get_sample_value("dinhdanh_database_up") == 1
    for ring in RINGS:
        active = {"ring": ring.name, "state": "active"}
        assert seen.get_sample_value("dinhdanh_keys", active) == 1
        age = seen.get_sample_value(
            "dinhdanh_active_key_age_seconds", {"ring": ring.name}
        )
        assert age is not None
        assert age >= 0
    assert seen.get_sample_value("dinhdanh_glass_broken_total") == 1
    assert seen.get_sample_value("dinhdanh_glass_unacknowledged") == 1
    assert seen.get_sample_value("dinhdanh_proposals_open") == 0
    age = seen.get_sample_value("dinhdanh_audit_head_age_seconds")
    assert age is not None
    assert 0 <= age < _AN_HOUR
    assert seen.get_sample_value("dinhdanh_audit_uncovered_events") == 0
    signed = {"sink": "file"}
    assert seen.get_sample_value("dinhdanh_audit_sink_behind", signed) == 1
    for kind in ("logout", "signal"):
        labels = {"kind": kind}
        assert seen.get_sample_value("dinhdanh_outbox_notices", labels) == 0
        assert seen.get_sample_value("dinhdanh_outbox_attempts", labels) == 0


def test_notices_that_nobody_heard(provider: Provider) -> None:
    """By kind, with the most attempts; what was heard waits no more."""
    now = clock.now()
    waiting = [(2, now), (5, now), (9, None)]
    with provider.database.transaction() as session:
        for attempts, due_at in waiting:
            session.add(
                SignalNotice(
                    id=uuid4(),
                    account_id=None,
                    client_id="tax",
                    subject={},
                    event="an event",
                    members={},
                    created_at=now,
                    due_at=due_at,
                    attempts=attempts,
                )
            )

    seen = told(provider.database)

    labels = {"kind": "signal"}
    assert seen.get_sample_value("dinhdanh_outbox_notices", labels) == 2
    assert seen.get_sample_value("dinhdanh_outbox_attempts", labels) == 5
    assert seen.get_sample_value("dinhdanh_outbox_notices", {"kind": "logout"}) == 0


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    """The scrape succeeds all the same: the workers' numbers are in it too."""
    with closing(Database(f"sqlite:///{tmp_path}/empty.db")) as empty:
        seen = told(empty)

        assert seen.get_sample_value("dinhdanh_database_up") == 0
        assert seen.get_sample_value("dinhdanh_glass_broken_total") is None
