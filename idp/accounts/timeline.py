"""What an account has been through, for whoever looks after it: states and locks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.models import Account, Lock

What = Literal["created", "granted", "activated", "restricted", "locked", "unlocked"]


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened when; `ground` is a lock's."""

    at: datetime
    what: What
    ground: str = ""


def moments(connection: Connection | Session, account_id: UUID) -> list[Moment]:
    """Return the account's way until now, the oldest first."""
    account = connection.execute(
        sa.select(
            Account.created_at,
            Account.granted_at,
            Account.activated_at,
            Account.restricted_at,
        ).where(Account.id == account_id)
    ).one()
    steps: tuple[tuple[What, datetime | None], ...] = (
        ("created", account.created_at),
        ("granted", account.granted_at),
        ("activated", account.activated_at),
        ("restricted", account.restricted_at),
    )
    found = [Moment(at, what) for what, at in steps if at is not None]
    locks = connection.execute(
        sa.select(Lock.ground, Lock.placed_at, Lock.lifted_at).where(
            Lock.account_id == account_id
        )
    )
    for lock in locks:
        found.append(Moment(lock.placed_at, "locked", lock.ground))
        if lock.lifted_at is not None:
            found.append(Moment(lock.lifted_at, "unlocked", lock.ground))
    return sorted(found, key=lambda moment: moment.at)


def has_password(connection: Connection | Session, account_id: UUID) -> bool:
    """Say whether the account has a password."""
    query = sa.select(Account.password_hash.is_not(None)).where(
        Account.id == account_id
    )
    return bool(connection.execute(query).scalar_one())
