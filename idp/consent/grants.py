"""What a citizen allowed which relying party, kept as one live grant for the pair.

The grant's id is the handle of revocation: codes, tokens and consent end with it. A
wider consent updates the live grant in place, so that running tokens stay tied to it.
What a representative allows is a grant of its own, under the account of whom they act
for (`actor_id`); it is worth something only while they may act.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.identifiers import subject_for
from idp.audit.events import GrantEnded, GrantGiven
from idp.audit.log import AuditLog
from idp.consent.models import Grant
from idp.storage.prepared import Place, Prepared

EXPIRED = "expired"
CLIENT_REMOVED = "client_removed"
CLIENT_IS_ANOTHER = "client_is_another"
REPRESENTATION_ENDED = "representation_ended"

_GRANTS = cast("sa.Table", Grant.__table__)
COLUMNS = (
    _GRANTS.c.id,
    _GRANTS.c.account_id,
    _GRANTS.c.client_id,
    _GRANTS.c.subject,
    _GRANTS.c.actor_id,
    _GRANTS.c.actor_subject,
    _GRANTS.c.scopes,
    _GRANTS.c.claims,
    _GRANTS.c.refused,
    _GRANTS.c.granted_at,
    _GRANTS.c.expires_at,
)
_NOT_ENDED = _GRANTS.c.ended_at.is_(None)
_OF_PAIR = sa.select(*COLUMNS).where(
    _GRANTS.c.account_id == sa.bindparam("account_id"),
    _GRANTS.c.client_id == sa.bindparam("client_id"),
    _NOT_ENDED,
)
_OF_HOLDER = _OF_PAIR.where(_GRANTS.c.actor_id.is_(None))
_OF_ACTOR = _OF_PAIR.where(_GRANTS.c.actor_id == sa.bindparam("actor_id"))
_FIND_OF_HOLDER = Prepared(_OF_HOLDER)
_FIND_OF_ACTOR = Prepared(_OF_ACTOR)
_LIVE = (
    sa.select(*COLUMNS)
    .where(
        _GRANTS.c.expires_at > sa.bindparam("now", type_=_GRANTS.c.expires_at.type),
        _NOT_ENDED,
    )
    .order_by(_GRANTS.c.granted_at.desc())
)
_OF_ACCOUNT = _LIVE.where(_GRANTS.c.account_id == sa.bindparam("account_id"))
_GIVEN_BY = _LIVE.where(_GRANTS.c.actor_id == sa.bindparam("account_id"))


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
    actor_id: UUID | None = None
    actor_subject: str | None = None

    def is_live(self, now: datetime) -> bool:
        """Say whether the consent still holds."""
        return self.expires_at > now


@dataclass(frozen=True, slots=True)
class Consent:
    """What a citizen decided about one request; the lifetime is the consent's.

    `actor_id` is who decided for the account's holder, and may act `since` then.
    """

    account_id: UUID
    client_id: str
    sector: str
    scopes: Iterable[str]
    claims: Iterable[str]
    refused: Iterable[str]
    lifetime: int
    actor_id: UUID | None = None
    since: datetime | None = None


def find_live(
    place: Place, account_id: UUID, client_id: str, actor_id: UUID | None = None
) -> GrantView | None:
    """Return the pair's grant, also an expired one, so that the reason can be told."""
    values: dict[str, Any] = {"account_id": account_id, "client_id": client_id}
    if actor_id is None:
        row = _FIND_OF_HOLDER.find(place, values)
    else:
        row = _FIND_OF_ACTOR.find(place, values | {"actor_id": actor_id})
    return view(row) if row else None


def list_for(
    connection: Connection | Session, account_id: UUID, *, now: datetime
) -> list[GrantView]:
    """Return the account's live grants, newest first, whoever gave them."""
    rows = connection.execute(_OF_ACCOUNT, {"account_id": account_id, "now": now})
    return [view(row) for row in rows]


def list_given_by(
    connection: Connection | Session, actor_id: UUID, *, now: datetime
) -> list[GrantView]:
    """Return the live grants that someone gave for those they act for."""
    rows = connection.execute(_GIVEN_BY, {"account_id": actor_id, "now": now})
    return [view(row) for row in rows]


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
        given_by=grant.actor_id,
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


def hold(session: Session, grant_id: UUID) -> bool:
    """Make a grant's end wait for this transaction; say whether it stands."""
    query = sa.select(_GRANTS.c.id).where(_GRANTS.c.id == grant_id, _NOT_ENDED)
    return session.execute(query.with_for_update()).first() is not None


def end_these(
    session: Session,
    audit: AuditLog,
    grant_ids: Collection[UUID],
    reason: str,
    *,
    now: datetime,
) -> list[UUID]:
    """End so many grants; return those that had not ended before."""
    which = _GRANTS.c.id.in_(grant_ids)
    return _end_where(session, audit, which, reason, now) if grant_ids else []


def end_all_of_client(
    session: Session, audit: AuditLog, client_id: str, reason: str, *, now: datetime
) -> list[UUID]:
    """End every grant of a client, so that whoever comes in its place inherits none."""
    return _end_where(session, audit, _GRANTS.c.client_id == client_id, reason, now)


def _end_where(
    session: Session,
    audit: AuditLog,
    which: sa.ColumnElement[bool],
    reason: str,
    now: datetime,
) -> list[UUID]:
    ended = session.execute(
        sa.update(_GRANTS)
        .where(which, _NOT_ENDED)
        .values(ended_at=now, end_reason=reason)
        .returning(_GRANTS.c.id, _GRANTS.c.account_id, _GRANTS.c.client_id)
    ).all()
    for row in ended:
        event = GrantEnded(
            row.account_id,
            grant_id=row.id,
            client_id=row.client_id,
            reason=reason,
        )
        audit.record(session, event, now=now)
    return [row.id for row in ended]


def _take_or_insert(
    session: Session, audit: AuditLog, consent: Consent, *, now: datetime
) -> GrantView:
    """Lock the pair's grant, inserting an empty one where none is live."""
    pair = {"account_id": consent.account_id, "client_id": consent.client_id}
    actor: dict[str, Any] = {}
    if consent.actor_id is not None:
        actor["actor_id"] = consent.actor_id
    of_pair = (_OF_ACTOR if actor else _OF_HOLDER).with_for_update()
    row = session.execute(of_pair, pair | actor).one_or_none()
    # Old refresh tokens must not come back to life with the new consent.
    if row is not None and row.expires_at <= now:
        end(session, audit, row.id, EXPIRED, now)
        row = None
    elif row is not None and consent.since and row.granted_at < consent.since:
        end(session, audit, row.id, REPRESENTATION_ENDED, now)
        row = None
    if row is None:
        dialect = session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        if actor:
            actor["actor_subject"] = subject_for(
                session, actor["actor_id"], consent.sector
            )
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
                **actor,
            )
            # Of parallel first consents one inserts; the others wait and then add.
            .on_conflict_do_nothing()
        )
        row = session.execute(of_pair, pair | actor).one()
    return view(row)


def view(row: Any) -> GrantView:
    """Return a row of `COLUMNS` as a grant."""
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
        actor_id=row.actor_id,
        actor_subject=row.actor_subject,
    )
