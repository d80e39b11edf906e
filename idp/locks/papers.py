"""Until when a holder's papers are good, and the lock that follows their end.

An account locks when the card expires, and a foreigner's when passport or residence
permit does (Decree 69/2024 art. 15); a paper is good through its last day.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account, Lock
from idp.factors.models import ChipCard, Credential
from idp.locks.models import Paper

Kind = Literal["card", "passport", "permit"]
GROUNDS: dict[str, str] = {
    "card": "card_expired",
    "passport": "passport_expired",
    "permit": "permit_expired",
}
_NEVER = "9999-12-31"


def note(
    session: Session,
    account_id: UUID,
    kind: Kind,
    expires_on: date | None,
    *,
    now: datetime,
) -> None:
    """Keep until when a paper is good; None is without an end."""
    until = expires_on.isoformat() if expires_on else None
    session.merge(
        Paper(account_id=account_id, kind=kind, expires_on=until, known_at=now)
    )


def note_cards(session: Session, *, now: datetime) -> int:
    """Learn of cards that were read here and last longer than what was known."""
    until = sa.func.max(sa.func.coalesce(ChipCard.expires_on, _NEVER)).label("until")
    rows = session.execute(
        sa.select(Credential.account_id, until)
        .join(ChipCard, ChipCard.credential_id == Credential.id)
        .outerjoin(
            Paper,
            sa.and_(Paper.account_id == Credential.account_id, Paper.kind == "card"),
        )
        .where(Credential.retired_at.is_(None))
        .group_by(Credential.account_id, Paper.account_id, Paper.expires_on)
        .having(
            sa.or_(
                Paper.account_id.is_(None),
                until > sa.func.coalesce(Paper.expires_on, _NEVER),
            )
        )
    ).all()
    for row in rows:
        end = None if row.until == _NEVER else date.fromisoformat(row.until)
        note(session, row.account_id, "card", end, now=now)
    return len(rows)


def ended(connection: Connection, *, today: date, limit: int) -> list[tuple[UUID, str]]:
    """Return accounts and kinds whose paper has ended and that no lock tells yet."""
    found: list[tuple[UUID, str]] = []
    for kind, ground in GROUNDS.items():
        query = (
            sa.select(Paper.account_id)
            .join(Account, Account.id == Paper.account_id)
            .where(
                Paper.kind == kind,
                Paper.expires_on < today.isoformat(),
                Account.state != "closed",
                ~_is_locked(Paper.account_id, ground),
            )
            .limit(limit)
        )
        found += [(item, ground) for item in connection.execute(query).scalars()]
    return found


def renewed(
    connection: Connection, *, today: date, limit: int
) -> list[tuple[UUID, str]]:
    """Return accounts and grounds whose lock has outlived its reason."""
    found: list[tuple[UUID, str]] = []
    for kind, ground in GROUNDS.items():
        query = (
            sa.select(Paper.account_id)
            .where(
                Paper.kind == kind,
                sa.func.coalesce(Paper.expires_on, _NEVER) >= today.isoformat(),
                _is_locked(Paper.account_id, ground),
            )
            .limit(limit)
        )
        found += [(item, ground) for item in connection.execute(query).scalars()]
    return found


def _is_locked(
    account_id: sa.orm.InstrumentedAttribute[UUID], ground: str
) -> sa.ColumnElement[bool]:
    return (
        sa.select(Lock.id)
        .where(
            Lock.account_id == account_id,
            Lock.ground == ground,
            Lock.lifted_at.is_(None),
        )
        .exists()
    )
