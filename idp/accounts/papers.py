"""Until when a holder's papers are good: card, passport, residence permit.

What an account is opened or raised by is known from its identity, whichever way it
came. When a paper ends the account locks (Decree 69/2024 art. 15): `idp.locks`.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts.models import Paper

Kind = Literal["card", "passport", "permit"]
NEVER = "9999-12-31"
# Types of documents whose end locks the account that they opened.
KINDS: dict[str, Kind] = {
    "can_cuoc": "card",
    "cccd": "card",
    "passport": "passport",
    "residence_card": "permit",
}
# The population registry's kinds of cards.
CARDS: dict[str, Kind] = {"identity": "card", "residence": "permit"}


def note(
    session: Session,
    account_id: UUID,
    kind: Kind,
    expires_on: date | None,
    *,
    now: datetime,
) -> None:
    """Keep until when a paper is good, whatever was known; None is without an end."""
    until = expires_on.isoformat() if expires_on else None
    session.merge(
        Paper(account_id=account_id, kind=kind, expires_on=until, known_at=now)
    )
    session.flush()


def learn(
    session: Session,
    account_id: UUID,
    kind: Kind,
    expires_on: date | None,
    *,
    now: datetime,
) -> None:
    """Keep it unless a paper that lasts longer is known: that one is newer."""
    known = session.get(Paper, (account_id, kind))
    until = expires_on.isoformat() if expires_on else NEVER
    if known is None or until > (known.expires_on or NEVER):
        note(session, account_id, kind, expires_on, now=now)
