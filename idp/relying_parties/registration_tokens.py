"""The two tokens of registration over HTTP (RFC 7591 §3, RFC 7592 §3), as digests.

An initial token is an operator's approval: it carries the metadata that prevails for
the clients that are registered with it, and each use is taken by one `UPDATE`, so that
of parallel registrations as many win as were approved. What was approved goes on to the
registration token, so that no update leaves it.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.registration_events import (
    InitialTokenEnded,
    InitialTokenIssued,
    InitialTokenUsed,
    RegistrationTokenIssued,
)
from idp.relying_parties.models import InitialToken, RegistrationToken

Approved = Mapping[str, Any]

_NO_DIGEST = bytes(32)


def issue_initial(  # noqa: PLR0913 - the stores, then the token
    session: Session,
    audit: AuditLog,
    approved: Approved,
    *,
    uses: int,
    expires_at: datetime,
    now: datetime,
) -> tuple[UUID, str]:
    """Return a new initial access token, good for so many clients, after its id."""
    token, digest = new_token()
    token_id = keep_initial(
        session, audit, approved, digest, uses=uses, expires_at=expires_at, now=now
    )
    return token_id, token


def new_token() -> tuple[str, bytes]:
    """Return a token, which opens nothing before its digest is kept, and the digest."""
    token = secrets.token_urlsafe(32)
    return token, _digest(token)


def keep_initial(  # noqa: PLR0913 - the stores, then the token
    session: Session,
    audit: AuditLog,
    approved: Approved,
    digest: bytes,
    *,
    uses: int,
    expires_at: datetime,
    now: datetime,
) -> UUID:
    """Let the token of this digest register so many clients."""
    token_id = uuid4()
    session.add(
        InitialToken(
            id=token_id,
            digest=digest,
            approved=dict(approved),
            uses_left=uses,
            created_at=now,
            expires_at=expires_at,
        )
    )
    audit.record(session, InitialTokenIssued(token_id, uses), now=now)
    return token_id


def list_initial(connection: Connection, *, now: datetime) -> list[sa.Row[Any]]:
    """Return the tokens that have a use left, those that end first foremost."""
    query = sa.select(InitialToken.__table__).where(*_live(now))
    return list(connection.execute(query.order_by(InitialToken.expires_at)))


def end_initial(
    session: Session, audit: AuditLog, token_id: UUID, *, now: datetime
) -> bool:
    """Take every use that is left; say whether there was one."""
    ended = session.execute(
        sa.update(InitialToken)
        .where(InitialToken.id == token_id, *_live(now))
        .values(uses_left=0)
        .returning(InitialToken.id)
    ).one_or_none()
    if ended is not None:
        audit.record(session, InitialTokenEnded(token_id), now=now)
    return ended is not None


def find_initial(
    connection: Connection, token: str, *, now: datetime
) -> dict[str, Any] | None:
    """Return what the token approves as of now, or None; a use is not taken."""
    query = sa.select(InitialToken.approved).where(*_usable(token, now))
    approved: dict[str, Any] | None = connection.execute(query).scalar_one_or_none()
    return approved


def use_initial(session: Session, token: str, *, now: datetime) -> UUID | None:
    """Take one use; return the token's id, or None if it has no use left."""
    token_id: UUID | None = session.execute(
        sa.update(InitialToken)
        .where(*_usable(token, now))
        .values(uses_left=InitialToken.uses_left - 1)
        .returning(InitialToken.id)
    ).scalar_one_or_none()
    return token_id


def record_use(
    session: Session,
    audit: AuditLog,
    token_id: UUID,
    client_id: str,
    *,
    now: datetime,
) -> None:
    """Keep which client came to be with which token."""
    audit.record(session, InitialTokenUsed(token_id, client_id), now=now)


def issue(
    session: Session,
    audit: AuditLog,
    client_id: str,
    approved: Approved,
    *,
    now: datetime,
) -> str:
    """Return a new registration access token; the client's former one is dead."""
    token, digest = new_token()
    keep(session, audit, client_id, approved, digest, now=now)
    return token


def keep(  # noqa: PLR0913 - the stores, then the token
    session: Session,
    audit: AuditLog,
    client_id: str,
    approved: Approved,
    digest: bytes,
    *,
    now: datetime,
) -> None:
    """Let the token of this digest manage the client, in place of its former one."""
    session.merge(
        RegistrationToken(
            client_id=client_id,
            digest=digest,
            approved=dict(approved),
            created_at=now,
        )
    )
    audit.record(session, RegistrationTokenIssued(client_id), now=now)


def approve(session: Session, client_id: str, approved: Approved) -> None:
    """Bound a client that manages itself by what an operator registers now."""
    session.execute(
        sa.update(RegistrationToken)
        .where(RegistrationToken.client_id == client_id)
        .values(approved=dict(approved))
    )


def find_approved(connection: Connection, client_id: str) -> dict[str, Any] | None:
    """Return what was approved of a client that manages itself, or None."""
    query = sa.select(RegistrationToken.approved).where(
        RegistrationToken.client_id == client_id
    )
    approved: dict[str, Any] | None = connection.execute(query).scalar_one_or_none()
    return approved


def find_own(
    connection: Connection, client_id: str, token: str
) -> dict[str, Any] | None:
    """Return what was approved if the token manages this very client (CWE-639)."""
    query = sa.select(RegistrationToken.digest, RegistrationToken.approved).where(
        RegistrationToken.client_id == client_id
    )
    row = connection.execute(query).one_or_none()
    is_right = compare_digest(_digest(token), row.digest if row else _NO_DIGEST)
    return row.approved if row and is_right else None


def end(session: Session, client_id: str) -> None:
    """Take a client's registration token away."""
    session.execute(
        sa.delete(RegistrationToken).where(RegistrationToken.client_id == client_id)
    )


def _usable(token: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (InitialToken.digest == _digest(token), *_live(now))


def _live(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (InitialToken.uses_left > 0, InitialToken.expires_at > now)


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
