"""Cards reported lost or stolen: each card of that number issued until then is refused.

No list of the issuer can be reached, so this one is filled by holders and operators.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.factor_events import CardReportedLost, LostCardCleared
from idp.audit.log import AuditLog
from idp.factors.models import LostCard
from keys.sealing import BlindIndex

_VIETNAM = timezone(timedelta(hours=7))  # the days printed on cards are days there


@dataclass(frozen=True, slots=True)
class LostReport:
    """One report; the card is named by its blind index alone."""

    index: bytes
    ground: str
    reported_at: datetime


def add(  # noqa: PLR0913 - the stores, then the report
    session: Session,
    audit: AuditLog,
    index: BlindIndex,
    *,
    ground: str,
    account_id: UUID | None,
    now: datetime,
) -> None:
    """Report a card, anew if it was reported before."""
    session.execute(
        sa.delete(LostCard).where(LostCard.document_index.in_(index.versions))
    )
    session.add(LostCard(document_index=index, ground=ground, reported_at=now))
    audit.record(session, CardReportedLost(account_id, ground), now=now)


def remove(
    session: Session,
    audit: AuditLog,
    index: BlindIndex,
    *,
    account_id: UUID | None,
    now: datetime,
) -> bool:
    """Withdraw a report; say whether there was one."""
    removed = session.execute(
        sa.delete(LostCard)
        .where(LostCard.document_index.in_(index.versions))
        .returning(LostCard.document_index)
    ).all()
    if removed:
        audit.record(session, LostCardCleared(account_id), now=now)
    return bool(removed)


def list_reports(connection: Connection | Session) -> list[LostReport]:
    """Return every report, the newest first."""
    query = sa.select(
        LostCard.document_index, LostCard.ground, LostCard.reported_at
    ).order_by(LostCard.reported_at.desc())
    return [LostReport(*row) for row in connection.execute(query)]


def is_lost(
    connection: Connection | Session, index: BlindIndex, *, issued_on: str | None
) -> bool:
    """Say whether a card with this number, issued on this day, was reported.

    A card issued later is the new one; one that does not say when may be the old one.
    """
    query = sa.select(sa.func.max(LostCard.reported_at)).where(
        LostCard.document_index.in_(index.versions)
    )
    reported_at = connection.execute(query).scalar()
    if reported_at is None:
        return False
    day = reported_at.astimezone(_VIETNAM).date().isoformat()
    return issued_on is None or issued_on <= day
