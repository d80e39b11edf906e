"""Guardians and wards: who may act for whom (Decree 69/2024 art. 10, 14.2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.ages import birthday
from idp.accounts.lifecycle import LifecycleError
from idp.accounts.models import Account, Representation
from idp.audit.events import RepresentationBegan
from idp.audit.log import AuditLog
from idp.audit.representation_events import RepresentationEnded
from idp.config import RepresentationConfig
from idp.storage.database import UtcDateTime

RELATIONS = ("father", "mother", "guardian")
PARENTS = ("father", "mother")
OF_AGE = "of_age"


@dataclass(frozen=True, slots=True)
class Ward:
    """Someone for whom an account's holder may act."""

    account_id: UUID
    relation: str
    since: datetime
    until: datetime | None
    representative_id: UUID


@dataclass(frozen=True, slots=True)
class Term:
    """How long a representation lasts, and the confirmation of the ward's sign-ins."""

    until: datetime | None = None
    confirms_until: datetime | None = None


def term_of(relation: str, birth_date: str, ages: RepresentationConfig) -> Term:
    """Return the term of a representation by the ward's age.

    Parents represent a minor (Civil Code 2015 art. 136), and confirm the sign-ins of a
    child below 14 (Decree 69/2024 art. 14.2). A minor's guardianship ends with the
    same age (art. 62.1.a), and a guardian confirms as long as it lasts.
    """
    majority = birthday(birth_date, ages.majority_age)
    if relation not in PARENTS:
        return Term(until=majority)
    return Term(
        until=majority,
        confirms_until=birthday(birth_date, ages.confirm_below_age),
    )


def is_live(now: Any) -> Any:
    """Return the SQL condition that a representation holds at `now`."""
    return sa.and_(
        Representation.since <= now,
        sa.or_(Representation.until.is_(None), Representation.until > now),
    )


def needs_confirmation(account_id: Any) -> Any:
    """Return the SQL question whether an account's own sign-ins must be confirmed.

    Whom the law protects by age stays so when nobody is left to confirm: it waits for
    the next representative.
    """
    now = sa.bindparam("now", type_=UtcDateTime())
    confirms = Representation.confirms_until
    return (
        sa.select(Representation.id)
        .where(
            Representation.ward_id == account_id,
            Representation.since <= now,
            sa.or_(confirms > now, sa.and_(confirms.is_(None), is_live(now))),
        )
        .exists()
    )


def appoint(  # noqa: PLR0913 - the store, then the decision
    session: Session,
    audit: AuditLog,
    *,
    representative_id: UUID,
    ward_id: UUID,
    relation: str,
    now: datetime,
    term: Term = Term(),
) -> None:
    """Let the holder of a level 2 account act for a ward.

    Without a term it lasts until it is ended, and so do the confirmations; so does the
    guardianship of who is of age, which needs a court's decision (Civil Code art. 22).
    """
    until = term.until
    if relation not in PARENTS and until is not None and until <= now:
        until = None
    level = session.execute(
        sa.select(Account.level).where(Account.id == representative_id)
    ).scalar_one_or_none()
    if level != 2 or representative_id == ward_id or relation not in RELATIONS:
        raise LifecycleError("a representative has a level 2 account of their own")
    session.add(
        Representation(
            representative_id=representative_id,
            ward_id=ward_id,
            relation=relation,
            since=now,
            until=until,
            confirms_until=term.confirms_until,
        )
    )
    audit.record(
        session, RepresentationBegan(ward_id, representative_id, relation), now=now
    )


def dismiss(  # noqa: PLR0913 - the store, then the decision
    session: Session,
    audit: AuditLog,
    *,
    representative_id: UUID,
    ward_id: UUID,
    reason: str,
    now: datetime,
    officer_id: UUID | None = None,
    document: str | None = None,
    protected_until: datetime | None = None,
) -> bool:
    """End a representation, and all that stands on it; say whether it held.

    Until `protected_until` the ward's own sign-ins stay in need of a confirmation.
    """
    values: dict[str, datetime] = {"until": now, "ended_at": now}
    if protected_until is not None and protected_until > now:
        values["confirms_until"] = protected_until
    ended = session.execute(
        sa.update(Representation)
        .where(
            Representation.representative_id == representative_id,
            Representation.ward_id == ward_id,
            is_live(now),
        )
        .values(**values)
        .returning(Representation.id)
    ).all()
    if ended:
        event = RepresentationEnded(
            ward_id, representative_id, reason, officer_id, document
        )
        audit.record(session, event, now=now)
    return bool(ended)


def run_out(
    session: Session, audit: AuditLog, representation_id: UUID, *, now: datetime
) -> bool:
    """Write down the end of one whose time is over; of parallel callers one does."""
    row = session.execute(
        sa.update(Representation)
        .where(
            Representation.id == representation_id,
            Representation.until <= now,
            Representation.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(Representation.ward_id, Representation.representative_id)
    ).one_or_none()
    if row is None:
        return False
    event = RepresentationEnded(row.ward_id, row.representative_id, OF_AGE)
    audit.record(session, event, now=now)
    return True


def over(
    connection: Connection, *, now: datetime, limit: int
) -> list[tuple[UUID, UUID, UUID]]:
    """Return those whose time is over and not yet written down: id, ward, who acts."""
    query = (
        sa.select(
            Representation.id, Representation.ward_id, Representation.representative_id
        )
        .where(Representation.until <= now, Representation.ended_at.is_(None))
        .order_by(Representation.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def wards_of(
    connection: Connection | Session, representative_id: UUID, *, now: datetime
) -> list[Ward]:
    """Return those for whom the account's holder may act today."""
    return _find(connection, Representation.representative_id, representative_id, now)


def representatives_of(
    connection: Connection | Session, ward_id: UUID, *, now: datetime
) -> list[Ward]:
    """Return who may act for the account's holder today."""
    return _find(connection, Representation.ward_id, ward_id, now)


def _find(
    connection: Connection | Session, column: Any, account_id: UUID, now: datetime
) -> list[Ward]:
    query = (
        sa.select(
            Representation.ward_id,
            Representation.relation,
            Representation.since,
            Representation.until,
            Representation.representative_id,
        )
        .where(column == account_id, is_live(now))
        .order_by(Representation.since, Representation.id)
    )
    return [Ward(*row) for row in connection.execute(query)]
