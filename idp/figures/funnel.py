"""The way from a portal's request to its answer, counted step by step.

Each process counts in memory and writes the sums down about once a minute, in a thread
of its own: a request waits for nothing and no commit is made for it. A process that is
killed loses what it had not written; the history of use, which is exact, is elsewhere.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Literal, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from idp.figures.days import day_of
from idp.figures.models import FunnelCount
from idp.storage.database import Database

Stage = Literal["began", "identified", "proven", "finished", "silent", "failed", "try"]
_FUNNEL = cast("sa.Table", FunnelCount.__table__)
_Row = tuple[str, Stage, str]


class Errands(Protocol):
    """What runs a piece of work soon, behind the answer."""

    def later(self, errand: Callable[[], None]) -> bool:
        """Run the errand soon and say so, or say that too many wait already."""


class Funnel:
    """The counters of one process.

    `began`: a page was shown for a portal; `identified`: someone gave a first proof or
    was signed in already; `proven`: as strongly as asked; `finished`: back at the
    portal. `silent` answers needed no page. `failed` ends the way with a reason, `try`
    is a proof that was not taken, after which people may try again.
    """

    def __init__(self, database: Database, errands: Errands, *, every: int) -> None:
        self._database = database
        self._errands = errands
        self._every = timedelta(seconds=every)
        self._counts: Counter[_Row] = Counter()
        self._lock = Lock()
        self._written_at: datetime | None = None

    def note(self, stage: Stage, reason: str = "", *, now: datetime) -> None:
        """Count one step; have the sums written if it is time."""
        with self._lock:
            self._counts[str(day_of(now)), stage, reason[:48]] += 1
            if self._written_at is None:
                self._written_at = now
            is_due = now - self._written_at >= self._every
            if is_due:
                self._written_at = now
        if is_due:
            self._errands.later(self.flush)

    def flush(self) -> None:
        """Write the sums down; what could not be written is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            self._write(counts)
        except BaseException:
            with self._lock:
                self._counts.update(counts)
            raise

    def _write(self, counts: Counter[_Row]) -> None:
        with self._database.transaction() as session:
            is_sqlite = session.get_bind().dialect.name == "sqlite"
            insert: Any = sqlite.insert if is_sqlite else postgresql.insert
            # In one order, so that two processes never wait for each other in a circle.
            for (day, stage, reason), count in sorted(counts.items()):
                added = insert(_FUNNEL).values(
                    day=day, stage=stage, reason=reason, count=count
                )
                session.execute(
                    added.on_conflict_do_update(
                        index_elements=["day", "stage", "reason"],
                        set_={"count": _FUNNEL.c.count + added.excluded.count},
                    )
                )
