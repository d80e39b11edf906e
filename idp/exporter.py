"""The metrics' own port: the workers' values added up, and what only the stores know.

A process of its own, forked before the workers: it answers while they are busy, and
asks the database only when it is scraped. The values of workers that have ended stay
counted; their gauges go with them.
"""

import ctypes
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from idp import clock
from idp.approvals.models import BrokenGlass, Proposal
from idp.audit import heads
from idp.authentication.logout_outbox import LOGOUTS
from idp.config import Config
from idp.signals.delivery import SIGNALS
from idp.storage.database import Database
from idp.storage.key_store import DatabaseRingStore
from idp.storage.opening import open_database
from keys.errors import StoreUnreachableError
from keys.ring import RingKey

_PDEATHSIG = 1  # PR_SET_PDEATHSIG of prctl(2)


@contextmanager
def exporting(config: Config, folder: Path) -> Iterator[None]:
    """Serve the metrics in a process that ends with this one."""
    server = get_context("fork").Process(target=_serve, args=(config, folder))
    server.start()
    try:
        yield
    finally:
        server.terminate()
        server.join()


def registry_of(database: Database, folder: Path) -> CollectorRegistry:
    """Return everything that one scrape tells."""
    registry = CollectorRegistry()
    registry.register(_Workers(folder))
    registry.register(Stores(database))
    return registry


class _Workers(Collector):
    """The values of all workers; before each look those that ended are marked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all = MultiProcessCollector(CollectorRegistry(), str(folder))

    def collect(self) -> Iterable[Metric]:
        """Return every worker's sums; forget the gauges of those that ended."""
        for file in self._folder.glob("gauge_live*.db"):
            pid = int(file.stem.rpartition("_")[2])
            if not Path(f"/proc/{pid}").exists():
                mark_process_dead(pid, str(self._folder))
        added: Iterable[Metric] = self._all.collect()
        return added

    def describe(self) -> Iterable[Metric]:
        """Say nothing before the first scrape."""
        return ()


class Stores(Collector):
    """Keys and outboxes, as the database has them at this moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges; a database that is away is told, and hides nothing else."""
        up = GaugeMetricFamily("dinhdanh_database_up", "Whether the database answers")
        now = clock.now()
        try:
            told = [
                *_keys(DatabaseRingStore(self._database).rows(), now),
                *self._outboxes(),
                *self._two_persons(now),
                *self._heads(now),
            ]
        except (StoreUnreachableError, SQLAlchemyError):
            told = []
        up.add_metric([], float(bool(told)))
        return [up, *told]

    def describe(self) -> Iterable[Metric]:
        """Say nothing before the first scrape: nothing is asked at the start."""
        return ()

    def _two_persons(self, now: datetime) -> Iterator[Metric]:
        broken = CounterMetricFamily(
            "dinhdanh_glass_broken", "Acts that took two and were done by one command"
        )
        heard = GaugeMetricFamily(
            "dinhdanh_glass_unacknowledged", "Those that two have not acknowledged yet"
        )
        waiting = GaugeMetricFamily(
            "dinhdanh_proposals_open", "Proposals that wait for a second officer"
        )
        count = sa.func.count
        with self._database.read() as connection:
            every = connection.scalar(sa.select(count()).select_from(BrokenGlass))
            unheard = sa.select(count()).where(BrokenGlass.second_by.is_(None))
            still = sa.select(count()).where(
                Proposal.state == "open", Proposal.expires_at > now
            )
            broken.add_metric([], every or 0)
            heard.add_metric([], connection.scalar(unheard) or 0)
            waiting.add_metric([], connection.scalar(still) or 0)
        yield from (broken, heard, waiting)

    def _heads(self, now: datetime) -> Iterator[Metric]:
        age = GaugeMetricFamily(
            "dinhdanh_audit_head_age_seconds", "Age of the newest signed audit head"
        )
        uncovered = GaugeMetricFamily(
            "dinhdanh_audit_uncovered_events", "Events since the newest signed head"
        )
        behind = GaugeMetricFamily(
            "dinhdanh_audit_sink_behind", "Signed heads a sink lacks", labels=["sink"]
        )
        with self._database.read() as connection:
            newest = heads.latest(connection)
        if newest.at is not None:
            age.add_metric([], (now - newest.at).total_seconds())
        uncovered.add_metric([], newest.uncovered)
        for sink in newest.sinks:
            behind.add_metric([sink.name], sink.behind)
        yield from (age, uncovered, behind)

    def _outboxes(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily(
            "dinhdanh_outbox_notices", "Notices no portal has heard", labels=["kind"]
        )
        oldest = GaugeMetricFamily(
            "dinhdanh_outbox_attempts", "Most attempts at one notice", labels=["kind"]
        )
        with self._database.read() as connection:
            for kind in (LOGOUTS, SIGNALS):
                table = kind.table
                waiting = sa.select(
                    sa.func.count(), sa.func.coalesce(sa.func.max(table.attempts), 0)
                ).where(table.due_at.is_not(None))
                count, attempts = connection.execute(waiting).one()
                depth.add_metric([kind.name], count)
                oldest.add_metric([kind.name], attempts)
        yield depth
        yield oldest


def _keys(rows: Sequence[RingKey], now: datetime) -> Iterator[GaugeMetricFamily]:
    """Yield how many keys each ring has in which state, and how old the signing one is.

    By the rows alone: what signs is the newest key that began and still has its
    private part.
    """
    count = GaugeMetricFamily(
        "dinhdanh_keys", "Keys of a ring by state", labels=["ring", "state"]
    )
    age = GaugeMetricFamily(
        "dinhdanh_active_key_age_seconds", "Age of the signing key", labels=["ring"]
    )
    for ring in sorted({row.ring for row in rows}):
        living = [row for row in rows if row.ring == ring and row.destroyed_at is None]
        began = [row for row in living if row.has_place and row.begins <= now]
        active = max(began, key=lambda row: row.begins, default=None)
        states = {
            "active": int(active is not None),
            "retired": max(0, len(began) - 1),
            "waiting": len(living) - len(began),
        }
        for state, number in states.items():
            count.add_metric([ring.name, state], number)
        if active:
            age.add_metric([ring.name], (now - active.begins).total_seconds())
    yield count
    yield age


def _serve(config: Config, folder: Path) -> None:
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us in its time
    if os.getppid() == 1:
        return  # it is gone already
    registry = registry_of(open_database(config), folder)
    settings = config.metrics
    _, thread = start_http_server(settings.port, settings.host, registry)
    thread.join()
