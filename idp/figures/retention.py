"""What goes when its term is over: history, sessions, personal parts, evidence.

Deleted in portions, each a transaction with its audit event, so that the database is
never held for long and a run may be stopped at any moment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit import purge as months
from idp.audit.chain import month_of
from idp.audit.event import ServiceEvent
from idp.audit.figure_events import EvidencePurged, RowsPurged, UsagePurged
from idp.audit.models import AuditEvent
from idp.config import Config
from idp.figures import days
from idp.figures.models import UsageRecord
from idp.registry.models import RegistryAnswer
from idp.storage.database import UtcDateTime

_PORTION = 5000
_MONTHS = "audit_events (whole months)"
_USAGE = cast("sa.Table", UsageRecord.__table__)
_ANSWERS = cast("sa.Table", RegistryAnswer.__table__)
# Both belong to packages above this one; only these columns are used.
_TOKENS = sa.table(
    "refresh_tokens",
    sa.column("digest", sa.LargeBinary()),
    sa.column("expires_at", UtcDateTime()),
)
_DOSSIERS = sa.table(
    "dossiers",
    sa.column("id", sa.Uuid()),
    sa.column("state", sa.String()),
    sa.column("decided_at", UtcDateTime()),
    sa.column("evidence_sealed", sa.LargeBinary()),
)
_FRUITLESS = ("refused", "withdrawn")
_SESSIONS = sa.table(
    "sessions",
    sa.column("id", sa.Uuid()),
    sa.column("ended_at", UtcDateTime()),
    sa.column("last_seen_at", UtcDateTime()),
)
_LAST_USED = sa.func.coalesce(_SESSIONS.c.ended_at, _SESSIONS.c.last_seen_at)
_EVENTS = cast("sa.Table", AuditEvent.__table__)
_PLACE = (_EVENTS.c.month, _EVENTS.c.shard, _EVENTS.c.seq)


class Services(months.Services, Protocol):
    """The part of the running provider that retention needs."""


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows of a table were older than their term, or would be deleted."""

    table: str
    rows: int
    before: datetime


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is over; a row with `emptied` stays without that value, as figures do."""

    table: Any
    key: tuple[Any, ...]
    moment: Any
    before: datetime
    only: Any = None
    emptied: Any = None  # the column's name, and what stands for nothing there

    @property
    def is_over(self) -> Any:
        over = self.moment < self.before
        return over if self.only is None else sa.and_(over, self.only)


def years_before(now: datetime, years: int) -> datetime:
    """Return the same moment that many years ago; of 29 February, the day before."""
    try:
        return now.replace(year=now.year - years)
    except ValueError:
        return now.replace(year=now.year - years, day=28)


def purge(services: Services, *, now: datetime, dry_run: bool) -> list[Purged]:
    """Delete or empty, or only count, what is past its term (D59/2022 art. 21).

    Of a dossier that opened no account the evidence goes with its purpose (Law 91/2025:
    personal data are kept no longer than what they were given for).
    Days are counted first: figures outlive the history that they were counted from.
    """
    figures = services.config.figures
    if not dry_run:
        days.count_days(services.database, now=now, settle=figures.settle)
    done = [
        _apply(services, rule, now, dry_run=dry_run)
        for rule in _rules(services.config, now)
    ]
    return [*done, _months(services, now, dry_run=dry_run)]


def _months(services: Services, now: datetime, *, dry_run: bool) -> Purged:
    """Give up the audit log's months past their term, whole, with a signed head."""
    years = services.config.audit.keep_years
    before = month_of(years_before(now.astimezone(UTC), years))
    begin = datetime.strptime(before, "%Y-%m").replace(tzinfo=UTC)
    if dry_run:
        with services.database.read() as connection:
            return Purged(_MONTHS, months.count(connection, before), begin)
    return Purged(_MONTHS, months.purge(services, before, now=now), begin)


def _rules(config: Config, now: datetime) -> tuple[_Rule, ...]:
    figures = config.figures
    told = now - timedelta(seconds=config.registry.stale_max_age)
    today = now.astimezone(UTC)
    term = years_before(today, figures.usage_years)
    refused = years_before(today, figures.refused_years)
    fruitless = sa.and_(
        _DOSSIERS.c.state.in_(_FRUITLESS), _DOSSIERS.c.evidence_sealed != b""
    )
    # By months, which lead the key, so that not all events are looked at.
    personal = sa.and_(
        _EVENTS.c.month <= month_of(term), _EVENTS.c.personal_sealed.is_not(None)
    )
    spent = now - timedelta(days=figures.spent_days)
    return (
        _Rule(_USAGE, (_USAGE.c.id,), _USAGE.c.at, term),
        _Rule(_TOKENS, (_TOKENS.c.digest,), _TOKENS.c.expires_at, spent),
        _Rule(_ANSWERS, (_ANSWERS.c.question_index,), _ANSWERS.c.answered_at, told),
        _Rule(_SESSIONS, (_SESSIONS.c.id,), _LAST_USED, term),
        _Rule(
            _EVENTS,
            _PLACE,
            _EVENTS.c.at,
            term,
            only=personal,
            # The commitment stays in the chain; without its salt nobody tests a guess.
            emptied={"personal_sealed": None, "number_index": None},
        ),
        _Rule(
            _DOSSIERS,
            (_DOSSIERS.c.id,),
            _DOSSIERS.c.decided_at,
            refused,
            only=fruitless,
            emptied={"evidence_sealed": b""},
        ),
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
    oldest = sa.select(*rule.key).where(rule.is_over).order_by(rule.moment)
    portion: Any = sa.delete(rule.table)
    if rule.emptied is not None:
        portion = sa.update(rule.table).values(rule.emptied)
    portion = portion.where(sa.tuple_(*rule.key).in_(oldest.limit(_PORTION)))
    return cast("sa.CursorResult[Any]", session.execute(portion)).rowcount


def _event(rule: _Rule, rows: int) -> ServiceEvent:
    before = rule.before.isoformat(timespec="seconds")
    if rule.table is _USAGE:
        return UsagePurged(rows, before)
    if rule.table is _DOSSIERS:
        return EvidencePurged(rows, before)
    return RowsPurged(rule.table.name, rows, before)
