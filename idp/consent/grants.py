"""What a citizen allowed which relying party, kept as one live grant for the pair.

The grant's id is the handle of revocation: codes, tokens and consent end with it. A
wider consent updates the live grant in place, so that running tokens stay tied to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.identifiers import subject_for
from idp.accounts.models import Account, Lock
from idp.audit.events import GrantEnded, GrantGiven
from idp.audit.log import AuditLog
from idp.consent.models import Grant
from idp.storage.prepared import Place, Prepared

EXPIRED = "expired"
CLIENT_REMOVED = "client_removed"

_GRANTS = cast("sa.Table", Grant.__table__)
_ACCOUNTS = cast("sa.Table", Account.__table__)
_LOCKS = cast("sa.Table", Lock.__table__)
_COLUMNS = (
    _GRANTS.c.id,
    _GRANTS.c.account_id,
    _GRANTS.c.client_id,
    _GRANTS.c.subject,
    _GRANTS.c.scopes,
    _GRANTS.c.claims,
    _GRANTS.c.refused,
    _GRANTS.c.granted_at,
    _GRANTS.c.expires_at,
)
_NOT_ENDED = _GRANTS.c.ended_at.is_(None)
_OF_PAIR = sa.select(*_COLUMNS).where(
    _GRANTS.c.account_id == sa.bindparam("account_id"),
    _GRANTS.c.client_id == sa.bindparam("client_id"),
    _NOT_ENDED,
)
_FIND_PAIR = Prepared(_OF_PAIR)
_OF_PAIR_LOCKED = _OF_PAIR.with_for_update()
_OF_ACCOUNT = (
    sa.select(*_COLUMNS)
    .where(
        _GRANTS.c.account_id == sa.bindparam("account_id"),
        _GRANTS.c.expires_at > sa.bindparam("now", type_=_GRANTS.c.expires_at.type),
        _NOT_ENDED,
    )
    .order_by(_GRANTS.c.granted_at.desc())
)
_IS_LOCKED = (
    sa.select(_LOCKS.c.id)
    .where(_LOCKS.c.account_id == _GRANTS.c.account_id, _LOCKS.c.lifted_at.is_(None))
    .exists()
)
_LIVE_FOR_TOKEN = Prepared(
    sa.select(
        *_COLUMNS,
        _ACCOUNTS.c.level,
        _ACCOUNTS.c.state,
        _IS_LOCKED.label("is_locked"),
    )
    .join_from(_GRANTS, _ACCOUNTS, _ACCOUNTS.c.id == _GRANTS.c.account_id)
    .where(
        _GRANTS.c.id == sa.bindparam("grant_id"),
        _GRANTS.c.expires_at > sa.bindparam("now", type_=_GRANTS.c.expires_at.type),
        _NOT_ENDED,
    )
)


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant that has not ended; `is_live` says whether it has also not expired."""

    id: UUID
    account_id: UUID
    client_id: str
    subject: str
    scopes: tuple[str, ...]
    claims: frozenset[str]
    refused: frozenset[str]
    granted_at: datetime
    expires_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Say whether the consent still holds."""
        return self.expires_at > now


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """A live grant, and whether its account may be used right now."""

    grant: GrantView
    account_level: int
    is_usable: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """What a citizen decided about one request; the lifetime is the consent's."""

    account_id: UUID
    client_id: str
    sector: str
    scopes: Iterable[str]
    claims: Iterable[str]
    refused: Iterable[str]
    lifetime: int


def find_live(place: Place, account_id: UUID, client_id: str) -> GrantView | None:
    """Return the pair's grant, also an expired one, so that the reason can be told."""
    values = {"account_id": account_id, "client_id": client_id}
    row = _FIND_PAIR.find(place, values)
    return _view(row) if row else None


def list_for(
    connection: Connection | Session, account_id: UUID, *, now: datetime
) -> list[GrantView]:
    """Return the account's live grants, newest first."""
    rows = connection.execute(_OF_ACCOUNT, {"account_id": account_id, "now": now})
    return [_view(row) for row in rows]


def live_for_token(place: Place, grant_id: UUID, now: datetime) -> LiveGrant | None:
    """Return the grant that a token stands on, or None; one statement."""
    values = {"grant_id": grant_id, "now": now}
    row = _LIVE_FOR_TOKEN.find(place, values)
    if row is None:
        return None
    is_usable = row.state == "active" and not row.is_locked
    return LiveGrant(_view(row), account_level=row.level, is_usable=is_usable)


def give(
    session: Session, audit: AuditLog, consent: Consent, *, now: datetime
) -> GrantView:
    """Write the decision into the pair's live grant, or into a new one.

    Of parallel decisions the later one adds to the earlier; a claim that is refused now
    is no longer allowed, whatever was allowed before.
    """
    before = _take_or_insert(session, audit, consent, now=now)
    given, refused = frozenset(consent.claims), frozenset(consent.refused)
    added = tuple(scope for scope in consent.scopes if scope not in before.scopes)
    grant = replace(
        before,
        scopes=before.scopes + added,
        claims=(before.claims | given) - refused,
        refused=(before.refused | refused) - (given - refused),
        granted_at=now,
        expires_at=now + timedelta(seconds=consent.lifetime),
    )
    event = GrantGiven(
        grant.account_id,
        grant_id=grant.id,
        client_id=grant.client_id,
        scopes=grant.scopes,
        claims=tuple(sorted(grant.claims)),
        refused=tuple(sorted(grant.refused)),
    )
    session.execute(
        sa.update(_GRANTS)
        .where(_GRANTS.c.id == grant.id)
        .values(
            scopes=list(event.scopes),
            claims=list(event.claims),
            refused=list(event.refused),
            granted_at=grant.granted_at,
            expires_at=grant.expires_at,
        )
    )
    audit.record(session, event, now=now)
    return grant


def end(
    session: Session, audit: AuditLog, grant_id: UUID, reason: str, now: datetime
) -> bool:
    """End a grant, and with it every token; say whether it had not ended before."""
    ended = session.execute(
        sa.update(_GRANTS)
        .where(_GRANTS.c.id == grant_id, _NOT_ENDED)
        .values(ended_at=now, end_reason=reason)
        .returning(_GRANTS.c.account_id, _GRANTS.c.client_id)
    ).one_or_none()
    if ended is None:
        return False
    event = GrantEnded(
        ended.account_id, grant_id=grant_id, client_id=ended.client_id, reason=reason
    )
    audit.record(session, event, now=now)
    return True


def end_all_of_client(
    session: Session, audit: AuditLog, client_id: str, *, now: datetime
) -> list[UUID]:
    """End every grant of a removed client, so that a successor inherits none."""
    ended = session.execute(
        sa.update(_GRANTS)
        .where(_GRANTS.c.client_id == client_id, _NOT_ENDED)
        .values(ended_at=now, end_reason=CLIENT_REMOVED)
        .returning(_GRANTS.c.id, _GRANTS.c.account_id)
    ).all()
    for row in ended:
        event = GrantEnded(
            row.account_id,
            grant_id=row.id,
            client_id=client_id,
            reason=CLIENT_REMOVED,
        )
        audit.record(session, event, now=now)
    return [row.id for row in ended]


def _take_or_insert(
    session: Session, audit: AuditLog, consent: Consent, *, now: datetime
) -> GrantView:
    """Lock the pair's grant, inserting an empty one where none is live."""
    pair = {"account_id": consent.account_id, "client_id": consent.client_id}
    row = session.execute(_OF_PAIR_LOCKED, pair).one_or_none()
    if row is not None and row.expires_at <= now:
        # Old refresh tokens must not come back to life with the new consent.
        end(session, audit, row.id, EXPIRED, now)
        row = None
    if row is None:
        dialect = session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        session.execute(
            insert(_GRANTS)
            .values(
                id=uuid4(),
                subject=subject_for(session, consent.account_id, consent.sector),
                scopes=[],
                claims=[],
                refused=[],
                granted_at=now,
                expires_at=now,
                **pair,
            )
            # Of parallel first consents one inserts; the others wait and then add.
            .on_conflict_do_nothing(
                index_elements=["account_id", "client_id"],
                index_where=sa.text("ended_at IS NULL"),
            )
        )
        row = session.execute(_OF_PAIR_LOCKED, pair).one()
    return _view(row)


def _view(row: Any) -> GrantView:
    return GrantView(
        id=row.id,
        account_id=row.account_id,
        client_id=row.client_id,
        subject=row.subject,
        scopes=tuple(row.scopes),
        claims=frozenset(row.claims),
        refused=frozenset(row.refused),
        granted_at=row.granted_at,
        expires_at=row.expires_at,
    )
