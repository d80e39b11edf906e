"""For whom an account's holder may act: wards and organisations, one question each.

`list_for` tells a citizen, `relation_of` is the same rule in SQL for whatever stands on
a grant: nobody has another's subject without a live representation or mandate.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account, Lock, Representation
from idp.accounts.organisation_models import Membership
from idp.accounts.organisations import MANDATED
from idp.accounts.representation import is_live
from idp.storage.database import UtcDateTime

Kind = Literal["ward", "organisation"]
Obstacle = Literal["no_mandate", "not_granted", "locked"]
# A granted account exists; to activate it is to set up its holder's own factors,
# which whoever acts for them does not use.
USABLE = ("granted", "active")
ACTOR_LEVEL = 2  # Decree 69/2024 art. 10, 12: from their own level 2 account


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone for whom a citizen acts, or what stands against it."""

    id: UUID
    kind: Kind
    relation: str
    level: int
    since: datetime
    obstacle: Obstacle | None = None


def list_for(
    connection: Connection | Session,
    actor_id: UUID,
    kinds: Collection[Kind],
    *,
    now: datetime,
) -> tuple[Principal, ...]:
    """Return whom the holder of a level 2 account may act for, or belongs to."""
    found: list[Principal] = []
    if "ward" in kinds:
        found += [_ward(row) for row in connection.execute(_wards(actor_id, now))]
    if "organisation" in kinds:
        rows = connection.execute(_organisations(actor_id))
        found += [_organisation(row, now) for row in rows]
    return tuple(found)


def relation_of(actor: Any, account: Any, given_at: Any) -> Any:
    """Return the SQL for the relation by which one may act for the other, or NULL.

    What was given before the representation or mandate began does not stand on it.
    """
    now = sa.bindparam("now", type_=UtcDateTime())
    ward = (
        sa.select(Representation.relation)
        .where(
            Representation.representative_id == actor,
            Representation.ward_id == account,
            Representation.since <= given_at,
            is_live(now),
        )
        .limit(1)
        .scalar_subquery()
    )
    mandate = (
        sa.select(Membership.role)
        .where(
            Membership.account_id == actor,
            Membership.organisation_id == account,
            Membership.role.in_([sa.literal_column(f"'{role}'") for role in MANDATED]),
            Membership.accepted_at <= given_at,
            Membership.ended_at.is_(None),
            Membership.valid_from <= now,
            sa.or_(Membership.valid_until.is_(None), Membership.valid_until > now),
        )
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(ward, mandate)


def _wards(actor_id: UUID, now: datetime) -> sa.Select[Any]:
    return (
        sa.select(
            Representation.ward_id.label("id"),
            Representation.relation,
            Representation.since,
            Account.level,
            Account.state,
            _is_locked(),
        )
        .join(Account, Account.id == Representation.ward_id)
        .where(Representation.representative_id == actor_id, is_live(now))
        .order_by(Representation.since, Representation.id)
    )


def _organisations(actor_id: UUID) -> sa.Select[Any]:
    return (
        sa.select(
            Membership.organisation_id.label("id"),
            Membership.role,
            Membership.accepted_at,
            Membership.valid_from,
            Membership.valid_until,
            Account.level,
            Account.state,
            _is_locked(),
        )
        .join(Account, Account.id == Membership.organisation_id)
        .where(
            Membership.account_id == actor_id,
            Membership.accepted_at.is_not(None),
            Membership.ended_at.is_(None),
        )
        .order_by(Membership.accepted_at, Membership.id)
    )


def _is_locked() -> Any:
    return (
        sa.select(Lock.id)
        .where(Lock.account_id == Account.id, Lock.lifted_at.is_(None))
        .correlate(Account)
        .exists()
        .label("is_locked")
    )


def _ward(row: Any) -> Principal:
    return Principal(row.id, "ward", row.relation, row.level, row.since, _standing(row))


def _organisation(row: Any, now: datetime) -> Principal:
    ends = row.valid_until
    has_mandate = (
        row.role in MANDATED and row.valid_from <= now and (ends is None or ends > now)
    )
    obstacle: Obstacle | None = _standing(row) if has_mandate else "no_mandate"
    return Principal(
        row.id, "organisation", row.role, ACTOR_LEVEL, row.accepted_at, obstacle
    )


def _standing(row: Any) -> Obstacle | None:
    if row.is_locked:
        return "locked"
    return None if row.state in USABLE else "not_granted"
