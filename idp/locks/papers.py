"""The lock that follows the end of a holder's paper, and the paper read anew.

An account locks when the card expires, and a foreigner's when passport or residence
permit does (Decree 69/2024 art. 15); a paper is good through its last day.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account, Lock, Paper
from idp.accounts.papers import NEVER, Kind, note
from idp.factors.models import ChipCard, Credential

GROUNDS: dict[Kind, str] = {
    "card": "card_expired",
    "passport": "passport_expired",
    "permit": "permit_expired",
}
_GRANTED = ("granted", "active")


def note_cards(session: Session, *, now: datetime) -> int:
    """Learn of cards that were read here and last longer than what was known."""
    until = sa.func.max(sa.func.coalesce(ChipCard.expires_on, NEVER)).label("until")
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
                until > sa.func.coalesce(Paper.expires_on, NEVER),
            )
        )
    ).all()
    for row in rows:
        end = None if row.until == NEVER else date.fromisoformat(row.until)
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
                Account.state.in_(_GRANTED),
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
                sa.func.coalesce(Paper.expires_on, NEVER) >= today.isoformat(),
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
