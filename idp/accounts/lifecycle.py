"""States of an account, its level, and the locks that are kept apart from them.

An account goes from submitted over in review and granted to active (Decree 69/2024
art. 10–14); being granted and not activated is no lapse. Closed stands beside this way:
the account names nobody any more, and its number and phone are free. Locks have a
ground and an asker (art. 15); while one holds, nobody signs in, and when the last is
lifted the account is again what it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.contacts import (
    PhoneTakenError,
    phone_index,
    seal_email,
    seal_phone,
)
from idp.accounts.identifiers import assign_number
from idp.accounts.identity import Identity, learn_paper, seal_identity
from idp.accounts.models import Account, Lock, PersonalNumber
from idp.audit.events import (
    AccountCreated,
    LevelChanged,
    LockLifted,
    LockPlaced,
    StateChanged,
)
from idp.audit.log import AuditLog
from idp.errors import IdpError, NotFoundError
from idp.storage.columns import claim
from keys.sealing import Sealer

State = Literal["submitted", "in_review", "granted", "active", "closed"]
# The way forward; `closed` is beside it and ends it (`close_account`).
STATES: tuple[State, ...] = ("submitted", "in_review", "granted", "active")
# Who may ask for which, and by which clause: `idp.locks.grounds`.
LOCK_GROUNDS = (
    "holder_request",
    "terms_breach",
    "card_revoked",
    "card_held",
    "card_expired",
    "death",
    "authority_request",
    "passport_expired",
    "permit_expired",
    "number_cancelled",
    "dissolved",
)
LOCK_ASKERS = ("holder", "representative", "agency", "authority", "system")


class LifecycleError(IdpError):
    """The account's state or locks do not allow this change."""

    code = "DD-ACC-005"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What an account starts with; number, phone and e-mail already parsed."""

    number: str
    identity: Identity
    level: int
    state: State = "submitted"
    phone: str | None = None
    email: str | None = None
    email_verified: bool = False


def effective_state(state: str, locks: Sequence[str]) -> str:
    """Return `locked` while any lock holds, else the state; only active signs in."""
    return "locked" if locks else state


def create_account(
    session: Session, audit: AuditLog, sealer: Sealer, new: NewAccount, *, now: datetime
) -> UUID:
    """Create the account; of two for one number or phone, one comes to be."""
    if new.level not in (1, 2) or new.state not in STATES:
        raise LifecycleError("unknown level or state")
    account_id = uuid4()
    reached = STATES.index(new.state)
    account = Account(
        id=account_id,
        level=new.level,
        state=new.state,
        identity_sealed=seal_identity(sealer, new.identity, account_id),
        email_verified=new.email_verified,
        created_at=now,
        updated_at=now,
        granted_at=now if reached >= STATES.index("granted") else None,
        activated_at=now if new.state == "active" else None,
    )
    if new.phone is not None:
        account.phone_sealed = seal_phone(sealer, new.phone, account_id)
    if new.email is not None:
        account.email_sealed = seal_email(sealer, new.email, account_id)
    try:
        with session.begin_nested():
            if new.phone is not None:
                index = phone_index(sealer, new.phone)
                account.phone_index = claim(session, Account.phone_index, index)
            session.add(account)
    except sa.exc.IntegrityError as error:
        raise PhoneTakenError from error
    assign_number(session, sealer, account_id, new.number, now=now)
    learn_paper(session, account_id, new.identity, now=now)
    audit.record(session, AccountCreated(account_id, new.level, new.state), now=now)
    return account_id


def change_state(
    session: Session, audit: AuditLog, account_id: UUID, after: State, *, now: datetime
) -> None:
    """Move the account one state forward; of parallel callers one succeeds."""
    before = {later: earlier for earlier, later in pairwise(STATES)}.get(after)
    changed = session.execute(
        sa.update(Account)
        .where(Account.id == account_id, Account.state == before)
        .values(
            state=after,
            updated_at=now,
            granted_at=now if after == "granted" else Account.granted_at,
            activated_at=now if after == "active" else Account.activated_at,
        )
        .returning(Account.id)
    ).all()
    if not changed or before is None:
        raise LifecycleError(f"only an account in {before or 'no'} state goes {after}")
    audit.record(session, StateChanged(account_id, before, after), now=now)


def close_account(
    session: Session, audit: AuditLog, account_id: UUID, *, now: datetime
) -> None:
    """End an account for good and free its number and phone for another.

    What was refused at enrolment ends so, and what its holder gives up. The row stays,
    since the audit log and the dossier point at it.
    """
    before = session.execute(
        sa.select(Account.state).where(Account.id == account_id).with_for_update()
    ).scalar_one_or_none()
    closed = session.execute(
        sa.update(Account)
        .where(Account.id == account_id, Account.state != "closed")
        .values(
            state="closed",
            phone_sealed=None,
            phone_index=None,
            email_sealed=None,
            email_verified=False,
            password_hash=None,
            updated_at=now,
        )
        .returning(Account.id)
    ).all()
    if not closed or before is None:
        raise LifecycleError("no such account, or closed already")
    session.execute(
        sa.delete(PersonalNumber).where(PersonalNumber.account_id == account_id)
    )
    audit.record(session, StateChanged(account_id, before, "closed"), now=now)


def change_level(
    session: Session, audit: AuditLog, account_id: UUID, level: int, *, now: datetime
) -> None:
    """Raise or lower the account's level."""
    before = hold(session, account_id, now=now)
    if before == level:
        return
    session.execute(
        sa.update(Account).where(Account.id == account_id).values(level=level)
    )
    audit.record(session, LevelChanged(account_id, before, level), now=now)


def live_locks(connection: Connection | Session, account_id: UUID) -> tuple[str, ...]:
    """Return the grounds of the locks that hold, oldest first."""
    query = (
        sa.select(Lock.ground)
        .where(Lock.account_id == account_id, Lock.lifted_at.is_(None))
        .order_by(Lock.placed_at, Lock.ground)
    )
    return tuple(connection.execute(query).scalars())


def place_lock(  # noqa: PLR0913 - the store, then the decision
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    *,
    ground: str,
    asker: str,
    now: datetime,
    by: str | None = None,
) -> None:
    """Lock the account on a ground that does not hold yet."""
    if ground not in LOCK_GROUNDS or asker not in LOCK_ASKERS:
        raise LifecycleError("unknown ground or asker")
    hold(session, account_id, now=now)
    if ground in live_locks(session, account_id):
        raise LifecycleError(f"a lock for {ground} holds already")
    session.add(Lock(account_id=account_id, ground=ground, asker=asker, placed_at=now))
    audit.record(session, LockPlaced(account_id, ground, asker, by), now=now)


def lift_lock(  # noqa: PLR0913 - the store, then the decision
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    *,
    ground: str,
    asker: str,
    now: datetime,
    by: str | None = None,
) -> None:
    """Lift the lock of one ground; others keep holding."""
    if asker not in LOCK_ASKERS:
        raise LifecycleError("unknown asker")
    hold(session, account_id, now=now)
    lifted = session.execute(
        sa.update(Lock)
        .where(
            Lock.account_id == account_id,
            Lock.ground == ground,
            Lock.lifted_at.is_(None),
        )
        .values(lifted_at=now)
        .returning(Lock.id)
    ).all()
    if not lifted:
        raise LifecycleError(f"no lock for {ground} holds")
    audit.record(session, LockLifted(account_id, ground, asker, by), now=now)


def hold(session: Session, account_id: UUID, *, now: datetime) -> int:
    """Make parallel changes of one account wait in line; return its level."""
    level = session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(updated_at=now)
        .returning(Account.level)
    ).scalar_one_or_none()
    if level is None:
        raise NotFoundError("no such account")
    return level
