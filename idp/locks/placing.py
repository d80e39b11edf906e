"""Placing and lifting locks: the one way in for people, registries and commands."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts import lifecycle
from idp.authentication.session_changes import Services
from idp.factors.notice_texts import What
from idp.locks import effects, grounds, hotline


def lock(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    session: Session,
    account_id: UUID,
    *,
    ground: str,
    asker: str,
    now: datetime,
    by: str | None = None,
) -> None:
    """Lock the account with every effect; raises where it holds already.

    `by` names who acted for the asker: an officer, an operator, a representative.
    """
    grounds.check_placing(ground, asker)
    lifecycle.place_lock(
        session,
        services.audit,
        account_id,
        ground=ground,
        asker=asker,
        now=now,
        by=by,
    )
    effects.apply(services, session, account_id, now=now)


def lock_for_holder(
    services: Services,
    session: Session,
    account_id: UUID,
    *,
    now: datetime,
    representative_id: UUID | None = None,
) -> bool:
    """Lock the account as its holder asks, or a representative for them.

    Says whether it was not so already.

    Of parallel wishes one locks and the others find it done. What the hotline has
    allowed ends: whoever called was somebody else.
    """
    lifecycle.hold(session, account_id, now=now)
    hotline.withdraw(session, services.audit, account_id, now=now)
    if grounds.HOLDER_REQUEST in lifecycle.live_locks(session, account_id):
        return False
    lock(
        services,
        session,
        account_id,
        ground=grounds.HOLDER_REQUEST,
        asker="representative" if representative_id else "holder",
        by=str(representative_id) if representative_id else None,
        now=now,
    )
    return True


def unlock(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    session: Session,
    account_id: UUID,
    *,
    ground: str,
    asker: str,
    now: datetime,
    by: str | None = None,
) -> tuple[str, ...]:
    """Lift the lock of one ground; return the grounds that hold on."""
    grounds.check_lifting(ground, asker)
    lifecycle.lift_lock(
        session,
        services.audit,
        account_id,
        ground=ground,
        asker=asker,
        now=now,
        by=by,
    )
    return lifecycle.live_locks(session, account_id)


def told_of_lock(ground: str) -> What | None:
    """Return what the holder is told of a lock; nobody writes so of a death."""
    return None if ground == grounds.DEATH else "account_locked"


def told(left: tuple[str, ...]) -> What | None:
    """Return what the holder is told when a lock ended and these grounds hold on.

    Which they are is told where they were placed, and not by whoever lifts another;
    to the family of somebody dead nothing is sent.
    """
    if grounds.DEATH in left:
        return None
    return "lock_ended" if left else "account_unlocked"
