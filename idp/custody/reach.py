"""How far a key's signatures reach: which grants and sign-ins stand on them.

Of a grant is known when it was given, refreshed and used; whoever did one of these
while the key signed got tokens of it. Refresh tokens are opaque, so no key signs them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.authentication.models import SessionRecord
from idp.config import LifetimesConfig
from idp.consent.models import Grant, RefreshToken
from idp.credentials.models import WalletCredential
from idp.figures.models import UsageRecord
from idp.relying_parties.record import RelyingParty

_GRANTS = cast("sa.Table", Grant.__table__)
_REFRESHES = cast("sa.Table", RefreshToken.__table__)
_USES = cast("sa.Table", UsageRecord.__table__)
_SESSIONS = cast("sa.Table", SessionRecord.__table__)
_HELD = cast("sa.Table", WalletCredential.__table__)
MOST = 10_000  # a person who decides learns nothing more from a greater number
# What tokens for portals are signed by; nothing else gives a grant its tokens.
_OF_GRANTS = frozenset({"id_token", "access_token"})


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `is_more`: so many were found, and not all was looked at."""

    number: int
    is_more: bool = False

    @classmethod
    def of(cls, number: int, most: int, *, is_more: bool = False) -> Self:
        """Return a count that stopped once it had more than `most`."""
        return cls(min(number, most), is_more or number > most)

    def __add__(self, other: Self) -> "Count":
        """Add two counts up."""
        return Count(self.number + other.number, self.is_more or other.is_more)


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when a key signed, and for which clients."""

    client_ids: Collection[str]
    since: datetime
    until: datetime


def clients_of(parties: Iterable[RelyingParty], purpose: str, alg: str) -> list[str]:
    """Return the clients whose grants bring tokens that the ring signs."""
    if purpose not in _OF_GRANTS:
        return []
    return [
        party.client_id
        for party in parties
        if purpose == "access_token" or party.id_token_alg == alg
    ]


def grants(span: Span, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of live grants that got tokens in the span.

    Whoever decided anew since the key was killed is not asked again.
    """
    during = (span.since, span.until)
    refreshed = sa.exists().where(
        _REFRESHES.c.grant_id == _GRANTS.c.id,
        _REFRESHES.c.issued_at.between(*during),
    )
    used = sa.exists().where(
        _USES.c.account_id == _GRANTS.c.account_id,
        _USES.c.client_id == _GRANTS.c.client_id,
        _USES.c.at.between(*during),
    )
    return sa.and_(
        is_live(span, now),
        sa.or_(_GRANTS.c.granted_at >= span.since, refreshed, used),
    )


def is_live(span: Span, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of live grants that were given before the span ended."""
    return sa.and_(
        _GRANTS.c.ended_at.is_(None),
        _GRANTS.c.expires_at > now,
        _GRANTS.c.granted_at <= span.until,
        _GRANTS.c.client_id.in_(span.client_ids),
    )


def wallets(kid: str, until: datetime, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of live grants by which wallets got credentials of a key.

    Of a credential is known which key signed it, so no span has to tell.
    """
    held = sa.select(_HELD.c.grant_id).where(
        _HELD.c.kid == kid, _HELD.c.expires_at > now
    )
    return sa.and_(
        _GRANTS.c.ended_at.is_(None),
        _GRANTS.c.expires_at > now,
        _GRANTS.c.granted_at <= until,
        _GRANTS.c.id.in_(held),
    )


def sessions(
    lifetimes: LifetimesConfig, until: datetime, now: datetime
) -> sa.ColumnElement[bool]:
    """Return the condition of people's sign-ins that began before `until` and last."""
    return sa.and_(
        _SESSIONS.c.ended_at.is_(None),
        _SESSIONS.c.started_at <= until,
        _SESSIONS.c.started_at > now - timedelta(seconds=lifetimes.session_max),
        _SESSIONS.c.last_seen_at > now - timedelta(seconds=lifetimes.session_idle),
    )


def count_grants(
    connection: Connection | Session, span: Span, now: datetime, *, most: int = MOST
) -> Count:
    """Count the live grants that got tokens in the span, each where it was noted.

    The newest notes lead to the grants, and no further kind of them is read once there
    are more than enough: no key's count reads every grant.
    """
    during, live = (span.since, span.until), is_live(span, now)
    given = _first(
        sa.select(_GRANTS.c.id).where(_GRANTS.c.granted_at.between(*during), live),
        most,
    )
    refreshed = _first(
        sa.select(_REFRESHES.c.grant_id)
        .where(_REFRESHES.c.issued_at.between(*during))
        .order_by(_REFRESHES.c.issued_at.desc()),
        most,
    )
    used = _first(
        sa.select(_USES.c.account_id, _USES.c.client_id)
        .where(_USES.c.at.between(*during))
        .order_by(_USES.c.at.desc()),
        most,
    )
    # Row by row: joined, every grant would be read to find a few thousand.
    of_refresh = sa.select(_GRANTS.c.id).where(
        _GRANTS.c.id == refreshed.c.grant_id, live
    )
    of_refreshes = sa.select(of_refresh.scalar_subquery().label("id"))
    of_uses = sa.select(_GRANTS.c.id).where(
        _GRANTS.c.account_id == used.c.account_id,
        _GRANTS.c.client_id == used.c.client_id,
        live,
    )
    found: list[sa.Select[Any]] = []
    number = cut = 0
    for kind, read in (
        (sa.select(given.c.id), given),
        (of_refreshes.select_from(refreshed), refreshed),
        (of_uses, used),
    ):
        found.append(kind)
        named = sa.union(*found).subquery()
        counts = [sa.func.count(named.c.id), _number(read).scalar_subquery()]
        number, rows = connection.execute(sa.select(*counts)).one()
        cut = max(cut, rows)
        if number > most:
            break
    return Count.of(number, most, is_more=cut > most)


def _number(rows: sa.FromClause) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(rows)


def count(
    connection: Connection | Session,
    table: type[Any],
    condition: Any,
    *,
    most: int = MOST,
) -> Count:
    """Count the rows of a condition, which an index has to find."""
    found = _first(sa.select(sa.literal(1)).select_from(table).where(condition), most)
    return Count.of(connection.execute(_number(found)).scalar_one(), most)


def _first(query: sa.Select[Any], most: int) -> sa.CTE:
    return query.limit(most + 1).cte()


def tokens(
    connection: Connection | Session, span: Span, *, life: int, now: datetime
) -> Count:
    """Count the answers with tokens of the span that may still be valid."""
    since = max(span.since, now - timedelta(seconds=life))
    uses = sa.and_(
        _USES.c.at.between(since, span.until),
        _USES.c.client_id.in_(span.client_ids),
    )
    # The first refresh token of a chain comes with the answer to a code.
    with_code = sa.exists().where(
        _USES.c.at == _REFRESHES.c.issued_at,
        _USES.c.client_id == _REFRESHES.c.client_id,
    )
    refreshes = sa.and_(
        _REFRESHES.c.issued_at.between(since, span.until),
        _REFRESHES.c.client_id.in_(span.client_ids),
        ~with_code,
    )
    used = count(connection, UsageRecord, uses)
    return used + count(connection, RefreshToken, refreshes)
