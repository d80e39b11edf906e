"""The link "it was not me" in a warning's letter: it freezes the account, once.

It goes by e-mail alone; a text message never carries a link, so that people may hold
every link in one for a fraud. Only a digest is kept, and opening the page does nothing.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.factors.models import FreezeLink

_MAX_LENGTH = 64


def make(session: Session, account_id: UUID, *, lifetime: int, now: datetime) -> str:
    """Return a new token for the account; links that have run out go."""
    token = secrets.token_urlsafe(32)
    session.execute(
        sa.delete(FreezeLink).where(
            FreezeLink.account_id == account_id, FreezeLink.expires_at <= now
        )
    )
    session.add(
        FreezeLink(
            digest=_digest(token),
            account_id=account_id,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime),
        )
    )
    return token


def is_live(connection: Connection | Session, token: str, *, now: datetime) -> bool:
    """Say whether the link still works; looking uses nothing up."""
    query = sa.select(FreezeLink.digest).where(*_live(token, now))
    return connection.execute(query).one_or_none() is not None


def take(session: Session, token: str, *, now: datetime) -> UUID | None:
    """Use the link up and return its account: of parallel uses one gets it."""
    return session.execute(
        sa.update(FreezeLink)
        .where(*_live(token, now))
        .values(used_at=now)
        .returning(FreezeLink.account_id)
    ).scalar_one_or_none()


def _live(token: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        FreezeLink.digest == _digest(token[:_MAX_LENGTH]),
        FreezeLink.used_at.is_(None),
        FreezeLink.expires_at > now,
    )


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
