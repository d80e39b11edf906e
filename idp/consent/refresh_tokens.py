"""Refresh tokens: opaque, kept as digests, replaced at each use (RFC 9700 §4.14.2).

A chain is the tokens that descend from one authorization. Each token works once; using
it again later is a sign of theft and costs the grant, except within a short grace in
which a client's own parallel requests may have crossed.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.events import (
    RefreshTokenIssued,
    RefreshTokenRenewed,
    RefreshTokenRotated,
    RefreshTokensEnded,
)
from idp.audit.log import AuditLog
from idp.consent.grants import GrantView
from idp.consent.refresh_statements import (
    END_CHAIN,
    END_GRANT,
    FIND,
    INSERT,
    RENEW,
    USE,
)

MAX_LENGTH = 256
Outcome = Literal[
    "rotated", "renewed", "unknown", "expired", "just_rotated", "reused", "other_client"
]


@dataclass(frozen=True, slots=True)
class StoredToken:
    """What is kept of a refresh token."""

    grant_id: UUID
    chain_id: UUID
    client_id: str
    snapshot: dict[str, Any]
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of an attempt to use a refresh token.

    Only `rotated` and `renewed` bring a token and the snapshot; `reused` asks the
    caller to end the grant; every other outcome changes nothing.
    """

    outcome: Outcome
    grant_id: UUID | None = None
    chain_id: UUID | None = None
    new_token: str = ""
    snapshot: dict[str, Any] | None = None


def issue(  # noqa: PLR0913 - a refresh token is bound to all of these
    session: Session,
    audit: AuditLog,
    *,
    grant: GrantView,
    chain_id: UUID,
    client_id: str,
    snapshot: dict[str, Any],
    now: datetime,
    idle: int,
) -> str:
    """Begin a chain; return its first token."""
    token = secrets.token_urlsafe(32)
    stored = StoredToken(
        grant.id, chain_id, client_id, snapshot, now + timedelta(seconds=idle), None
    )
    _insert(session, token, stored, now=now)
    event = RefreshTokenIssued(grant.account_id, grant.id, client_id)
    audit.record(session, event, now=now)
    return token


def rotate(  # noqa: PLR0913 - the stores, then the attempt
    session: Session,
    audit: AuditLog,
    token: str,
    *,
    client_id: str,
    now: datetime,
    grace: int,
    idle: int,
) -> Rotation:
    """Use `token` and return its successor, or say why not.

    Whether the grant is alive is the caller's question (`live_grants.live_for_token`).
    """
    if len(token) > MAX_LENGTH:
        return Rotation("unknown")
    values = {"token_digest": _digest(token), "of_client": client_id, "now": now}
    used = USE.find(session, values)
    if used is None:
        return _why_not(session, token, client_id, now=now, grace=grace)
    new_token = secrets.token_urlsafe(32)
    successor = StoredToken(
        used.grant_id,
        used.chain_id,
        client_id,
        used.snapshot,
        now + timedelta(seconds=idle),
        None,
    )
    _insert(session, new_token, successor, now=now)
    event = RefreshTokenRotated(used.account_id, used.grant_id, client_id)
    audit.record(session, event, now=now)
    return Rotation(
        "rotated", used.grant_id, used.chain_id, new_token, dict(used.snapshot)
    )


def renew(  # noqa: PLR0913 - the stores, then the attempt
    session: Session,
    audit: AuditLog,
    token: str,
    *,
    client_id: str,
    now: datetime,
    idle: int,
) -> Rotation:
    """Use `token` and let it stay, its idle time begun anew, or say why not.

    For clients whose tokens are worthless without their keys: a lost answer then costs
    nothing (FAPI 2.0 Security Profile §5.3.2.1 forbids rotation).
    """
    if len(token) > MAX_LENGTH:
        return Rotation("unknown")
    values = {
        "token_digest": _digest(token),
        "of_client": client_id,
        "now": now,
        "until": now + timedelta(seconds=idle),
    }
    used = RENEW.find(session, values)
    if used is None:
        return _why_not(session, token, client_id, now=now, grace=0)
    event = RefreshTokenRenewed(used.account_id, used.grant_id, client_id)
    audit.record(session, event, now=now)
    return Rotation("renewed", used.grant_id, used.chain_id, token, dict(used.snapshot))


def find(connection: Connection | Session, token: str) -> StoredToken | None:
    """Return what is kept of `token`, used or expired as it may be."""
    if len(token) > MAX_LENGTH:
        return None
    row = connection.execute(FIND, {"token_digest": _digest(token)}).one_or_none()
    if row is None:
        return None
    return StoredToken(
        grant_id=row.grant_id,
        chain_id=row.chain_id,
        client_id=row.client_id,
        snapshot=row.snapshot,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


def end_chain(  # noqa: PLR0913 - the stores, then the decision
    session: Session,
    audit: AuditLog,
    *,
    grant: GrantView,
    chain_id: UUID,
    reason: str,
    now: datetime,
) -> bool:
    """End every token of a chain; say whether one was still usable."""
    values = {"of_chain": chain_id, "of_grant": grant.id, "now": now}
    ended = 0
    # The first round waits for a refresh in flight; the next one ends its successor.
    while count := cast(
        "sa.CursorResult[Any]", session.execute(END_CHAIN, values)
    ).rowcount:
        ended += count
    if ended:
        event = RefreshTokensEnded(grant.account_id, grant.id, grant.client_id, reason)
        audit.record(session, event, now=now)
    return bool(ended)


def end_all_of_grant(
    session: Session,
    audit: AuditLog,
    *,
    grant: GrantView,
    reason: str,
    now: datetime,
) -> set[UUID]:
    """End every chain of a grant that stays; return the chains that ended."""
    values, ended = {"of_grant": grant.id, "now": now}, set[UUID]()
    # As in `end_chain`: the next round ends what a refresh in flight has made.
    while chains := session.execute(END_GRANT, values).scalars().all():
        ended.update(chains)
    if ended:
        event = RefreshTokensEnded(grant.account_id, grant.id, grant.client_id, reason)
        audit.record(session, event, now=now)
    return ended


def _why_not(
    session: Session, token: str, client_id: str, *, now: datetime, grace: int
) -> Rotation:
    stored = find(session, token)
    if stored is None:
        return Rotation("unknown")
    if stored.client_id != client_id:
        return Rotation("other_client")
    if stored.used_at is None:
        outcome: Outcome = "expired"
    elif now <= stored.used_at + timedelta(seconds=grace):
        outcome = "just_rotated"
    else:
        outcome = "reused"
    return Rotation(outcome, stored.grant_id, stored.chain_id)


def _insert(
    session: Session, token: str, stored: StoredToken, *, now: datetime
) -> None:
    values = {
        "digest": _digest(token),
        "grant_id": stored.grant_id,
        "chain_id": stored.chain_id,
        "client_id": stored.client_id,
        "snapshot": stored.snapshot,
        "issued_at": now,
        "expires_at": stored.expires_at,
        "used_at": None,
    }
    INSERT.run(session, values)


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
