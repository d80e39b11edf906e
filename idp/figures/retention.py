"""What is deleted when its term is over: history of use, tokens, registry answers.

Deleted in portions, each a transaction with its audit event, so that the database is
never held for long and a run may be stopped at any moment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.event import ServiceEvent
from idp.audit.figure_events import RowsPurged, UsagePurged
from idp.audit.log import AuditLog
from idp.config import Config
from idp.figures import days
from idp.figures.models import UsageRecord
from idp.registry.models import RegistryAnswer
from idp.storage.database import Database, UtcDateTime

_PORTION = 5000
_USAGE = cast("sa.Table", UsageRecord.__table__)
_ANSWERS = cast("sa.Table", RegistryAnswer.__table__)
# The tokens belong to a package above this one; only these columns are read.
_TOKENS = sa.table(
    "refresh_tokens",
    sa.column("digest", sa.LargeBinary()),
    sa.column("expires_at", UtcDateTime()),
)


class Services(Protocol):
    """The part of the running provider that retention needs."""

    @property
    def config(self) -> Config:
        """Return the configuration."""

    @property
    def database(self) -> Database:
        """Return the database."""

    @property
    def audit(self) -> AuditLog:
        """Return the audit log."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows of a table were older than their term, or would be deleted."""

    table: str
    rows: int
    before: datetime


@dataclass(frozen=True, slots=True)
class _Rule:
    table: Any
    key: Any
    moment: Any
    before: datetime

    @property
    def is_over(self) -> Any:
        return self.moment < self.before


def years_before(now: datetime, years: int) -> datetime:
    """Return the same moment that many years ago; of 29 February, the day before."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)


def purge(services: Services, *, now: datetime, dry_run: bool) -> list[Purged]:
    """Delete, or only count, what is past its term (Decree 59/2022 art. 21).

    Days are counted first: figures outlive the history that they were counted from.
    """
    figures = services.config.figures
    if not dry_run:
        days.count_days(services.database, now=now, settle=figures.settle)
    return [
        _apply(services, rule, now, dry_run=dry_run)
        for rule in _rules(services.config, now)
    ]


def _rules(config: Config, now: datetime) -> tuple[_Rule, ...]:
    figures = config.figures
    told = now - timedelta(seconds=config.registry.stale_max_age)
    term = years_before(now.astimezone(UTC), figures.usage_years)
    spent = now - timedelta(days=figures.spent_days)
    return (
        _Rule(_USAGE, _USAGE.c.id, _USAGE.c.at, term),
        _Rule(_TOKENS, _TOKENS.c.digest, _TOKENS.c.expires_at, spent),
        _Rule(_ANSWERS, _ANSWERS.c.question_index, _ANSWERS.c.answered_at, told),
    )


def _apply(services: Services, rule: _Rule, now: datetime, *, dry_run: bool) -> Purged:
    if dry_run:
        with services.database.read() as connection:
            return Purged(rule.table.name, _count(connection, rule), rule.before)
    rows = 0
    while deleted := _delete(services, rule, now):
        rows += deleted
    return Purged(rule.table.name, rows, rule.before)


def _count(connection: Connection, rule: _Rule) -> int:
    query = sa.select(sa.func.count()).select_from(rule.table).where(rule.is_over)
    return connection.execute(query).scalar_one()


def _delete(services: Services, rule: _Rule, now: datetime) -> int:
    with services.database.transaction() as session:
        rows = _delete_portion(session, rule)
        if rows:
            services.audit.record(session, _event(rule, rows), now=now)
    return rows


def _delete_portion(session: Session, rule: _Rule) -> int:
    oldest = sa.select(rule.key).where(rule.is_over).order_by(rule.moment)
    portion = sa.delete(rule.table).where(rule.key.in_(oldest.limit(_PORTION)))
    return cast("sa.CursorResult[Any]", session.execute(portion)).rowcount


def _event(rule: _Rule, rows: int) -> ServiceEvent:
    before = rule.before.isoformat(timespec="seconds")
    if rule.table is _USAGE:
        return UsagePurged(rows, before)
    return RowsPurged(rule.table.name, rows, before)
