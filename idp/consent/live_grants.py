"""What a token stands on: a live grant, and whether it may be used at this moment.

One statement for whoever asks on every request; whoever decided for themselves costs
nothing of what a representative is asked: whether they may still act, and are
themselves in good standing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa

from idp.accounts.models import Account, Lock
from idp.accounts.organisations import NO_LEVEL
from idp.accounts.principals import ACTOR_LEVEL, USABLE, relation_of
from idp.consent.grants import COLUMNS, GrantView, view
from idp.consent.models import Grant
from idp.storage.prepared import Place, Prepared

_GRANTS = cast("sa.Table", Grant.__table__)
_ACCOUNTS = cast("sa.Table", Account.__table__)
_ACTORS = _ACCOUNTS.alias("actors")
_LOCKS = cast("sa.Table", Lock.__table__)


_OF_ACTOR = Prepared(
    sa.select(_GRANTS.c.id).where(
        _GRANTS.c.actor_id == sa.bindparam("actor_id"),
        _GRANTS.c.client_id == sa.bindparam("client_id"),
        _GRANTS.c.subject == sa.bindparam("subject"),
        _GRANTS.c.ended_at.is_(None),
    )
)


def _is_locked(account_id: Any) -> Any:
    locked = _LOCKS.c.account_id == account_id
    return sa.select(_LOCKS.c.id).where(locked, _LOCKS.c.lifted_at.is_(None)).exists()


_RELATION = sa.case(
    (_GRANTS.c.actor_id.is_(None), sa.null()),
    else_=relation_of(_GRANTS.c.actor_id, _GRANTS.c.account_id, _GRANTS.c.granted_at),
)
_ACTOR_IS_LOCKED = sa.case(
    (_GRANTS.c.actor_id.is_(None), sa.false()),
    else_=_is_locked(_GRANTS.c.actor_id),
)
_LIVE_FOR_TOKEN = Prepared(
    sa.select(
        *COLUMNS,
        _ACCOUNTS.c.level,
        _ACCOUNTS.c.state,
        # A holder who restricts processing withholds everything (Law 91/2025).
        sa.or_(
            _is_locked(_GRANTS.c.account_id), _ACCOUNTS.c.restricted_at.is_not(None)
        ).label("is_locked"),
        _ACTORS.c.level.label("actor_level"),
        _ACTORS.c.state.label("actor_state"),
        _ACTOR_IS_LOCKED.label("actor_is_locked"),
        _RELATION.label("relation"),
    )
    .join_from(_GRANTS, _ACCOUNTS, _ACCOUNTS.c.id == _GRANTS.c.account_id)
    .outerjoin(_ACTORS, _ACTORS.c.id == _GRANTS.c.actor_id)
    .where(
        _GRANTS.c.id == sa.bindparam("grant_id"),
        _GRANTS.c.expires_at > sa.bindparam("now", type_=_GRANTS.c.expires_at.type),
        _GRANTS.c.ended_at.is_(None),
    )
)


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """A live grant, and whether its account may be used right now.

    `relation` is by what its actor, if it has one, may act for the account.
    """

    grant: GrantView
    account_level: int
    is_usable: bool
    relation: str | None = None
    is_organisation: bool = False

    @property
    def act(self) -> dict[str, str] | None:
        """Return the `act` claim: who acts, and by what (RFC 8693 §4.1)."""
        if self.grant.actor_subject is None or self.relation is None:
            return None
        return {"sub": self.grant.actor_subject, "relation": self.relation}


def live_for_token(place: Place, grant_id: UUID, now: datetime) -> LiveGrant | None:
    """Return the grant that a token stands on, or None; one statement."""
    values = {"grant_id": grant_id, "now": now}
    row = _LIVE_FOR_TOKEN.find(place, values)
    if row is None:
        return None
    grant = view(row)
    if grant.actor_id is None:
        is_usable = row.state == "active" and not row.is_locked
        return LiveGrant(grant, account_level=row.level, is_usable=is_usable)
    is_organisation = row.level == NO_LEVEL
    return LiveGrant(
        grant,
        account_level=row.actor_level if is_organisation else row.level,
        is_usable=_may_act(row),
        relation=row.relation,
        is_organisation=is_organisation,
    )


def live_of_actor(
    place: Place, *, actor_id: UUID, client_id: str, subject: str, now: datetime
) -> LiveGrant | None:
    """Return what someone allowed a client for the one with this `sub`, if they did."""
    values = {"actor_id": actor_id, "client_id": client_id, "subject": subject}
    row = _OF_ACTOR.find(place, values)
    return live_for_token(place, row.id, now) if row else None


def _may_act(row: Any) -> bool:
    """Say whether a representative may act at this moment, and for this account."""
    return (
        row.relation is not None
        and row.state in USABLE
        and row.actor_state == "active"
        and row.actor_level == ACTOR_LEVEL
        and not row.is_locked
        and not row.actor_is_locked
    )
