"""Who may decide a dossier: an officer who took it, and never who filed it.

Evidence is shown to the one who has taken the dossier, and to nobody else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.enrolment_events import DossierTaken
from idp.enrolment import dossiers
from idp.enrolment.dossier_states import OPEN, DossierError
from idp.enrolment.dossiers import Services
from idp.enrolment.models import Dossier


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many dossiers are open, and how many of them overdue."""

    open: int
    overdue: int


def count_waiting(
    connection: Connection, *, province_code: str | None, now: datetime
) -> Waiting:
    """Count what waits for a province's officers; None counts the whole country."""
    is_late = sa.case((Dossier.due_at <= now, 1), else_=0)
    query = sa.select(sa.func.count(), sa.func.sum(is_late)).where(
        Dossier.state.in_(OPEN)
    )
    if province_code is not None:
        place = Dossier.province_code
        query = query.where(sa.or_(place == province_code, place.is_(None)))
    total, late = connection.execute(query).one()
    return Waiting(total, late or 0)


def take(
    services: Services,
    session: Session,
    dossier_id: UUID,
    *,
    officer_id: UUID,
    now: datetime,
) -> None:
    """Take a dossier, or take it over from an officer who does not go on with it.

    Whoever filed it at a desk never decides it: two people look (Decree 69/2024
    art. 11–12 has one office take the application and another decide it).
    """
    row = _hold(session, dossier_id)
    if row.officer_id == officer_id:
        raise DossierError("who filed a dossier does not decide it")
    if row.state == "submitted":
        dossiers.begin_review(
            services, session, dossier_id, officer_id=officer_id, now=now
        )
        return
    if row.state != "in_review" or row.reviewer_id == officer_id:
        raise DossierError("it is decided, or taken already")
    session.execute(
        sa.update(Dossier)
        .where(Dossier.id == dossier_id)
        .values(reviewer_id=officer_id)
    )
    event = DossierTaken(row.account_id, dossier_id, officer_id)
    services.audit.record(session, event, now=now)


def require_taker(session: Session, dossier_id: UUID, *, officer_id: UUID) -> None:
    """Hold the dossier for its decision; raises unless this officer has taken it."""
    row = _hold(session, dossier_id)
    if row.state != "in_review" or row.reviewer_id != officer_id:
        raise DossierError("another officer has taken it, or it is decided")


def _hold(session: Session, dossier_id: UUID) -> Any:
    row = session.execute(
        sa.select(
            Dossier.state,
            Dossier.account_id,
            Dossier.officer_id,
            Dossier.reviewer_id,
        )
        .where(Dossier.id == dossier_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise DossierError("no such dossier")
    return row
