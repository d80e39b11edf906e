"""Closing one's account: asked for, a time to think, and then the end (Law 91/2025).

Until the time is over the wish can be taken back. A lock that comes after it ends it,
so that a thief's wish is not carried out once the holder has unlocked again.
"""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import contacts, identifiers, lifecycle
from idp.accounts.models import Lock
from idp.audit.right_events import ClosingAsked, ClosingTakenBack
from idp.authentication import backchannel
from idp.authentication.sign_in import sign_out_everywhere
from idp.consent import grants
from idp.enrolment.forgetting import forget_filer
from idp.factors import notices
from idp.rights import erasure, ties
from idp.rights.models import Closing
from idp.rights.services import RightError, Services

REASON = "account_closed"
_AT_ONCE = 200


def ask(
    services: Services, session: Session, account_id: UUID, *, now: datetime
) -> datetime:
    """Keep the wish and return when the account closes."""
    due_at = now + timedelta(seconds=services.config.rights.closing)
    session.execute(
        sa.delete(Closing).where(Closing.account_id == account_id, _ENDED_BY_LOCK)
    )
    try:
        with session.begin_nested():
            session.add(Closing(account_id=account_id, asked_at=now, due_at=due_at))
    except sa.exc.IntegrityError as error:
        raise RightError("it is asked for already") from error
    services.audit.record(
        session, ClosingAsked(account_id, due_at.isoformat()), now=now
    )
    return due_at


def take_back(
    services: Services, session: Session, account_id: UUID, *, now: datetime
) -> None:
    """Forget the wish; raises where there is none any more."""
    gone = session.execute(
        sa.delete(Closing)
        .where(Closing.account_id == account_id)
        .returning(Closing.account_id)
    ).one_or_none()
    if gone is None:
        raise RightError("no wish to close the account")
    services.audit.record(session, ClosingTakenBack(account_id), now=now)


def closes_at(connection: Connection | Session, account_id: UUID) -> datetime | None:
    """Return when the account closes, if its holder has asked for that."""
    query = sa.select(Closing.due_at).where(
        Closing.account_id == account_id, ~_ENDED_BY_LOCK
    )
    return connection.execute(query).scalar_one_or_none()


def sweep(services: Services, *, now: datetime) -> int:
    """Close every account whose time is over; each whole or not at all."""
    done = 0
    while True:
        with services.database.read() as connection:
            due = connection.execute(_DUE, {"now": now}).scalars().all()
        closed = sum(_close(services, account_id, now=now) for account_id in due)
        services.courier.wait()
        if not closed:
            return done
        done += closed


_ENDED_BY_LOCK = (
    sa.select(Lock.id)
    .where(
        Lock.account_id == Closing.account_id,
        sa.or_(Lock.lifted_at.is_(None), Lock.placed_at >= Closing.asked_at),
    )
    .exists()
)
_DUE = (
    sa.select(Closing.account_id)
    .where(
        Closing.due_at <= sa.bindparam("now", type_=Closing.due_at.type),
        ~_ENDED_BY_LOCK,
    )
    .order_by(Closing.due_at)
    .limit(_AT_ONCE)
)


def _close(services: Services, account_id: UUID, *, now: datetime) -> bool:
    with services.database.transaction() as session:
        lifecycle.hold(session, account_id, now=now)
        taken = session.execute(
            sa.delete(Closing)
            .where(
                Closing.account_id == account_id,
                Closing.due_at <= now,
                ~_ENDED_BY_LOCK,
            )
            .returning(Closing.account_id)
        ).one_or_none()
        if taken is None:
            return False  # taken back, or locked, or closed by another sweep
        known = contacts.read_contacts(session, services.sealer, account_id)
        numbers = identifiers.numbers_of(session, services.sealer, account_id)
        services.audit.forget(session, numbers)
        others = ties.end(services, session, account_id, REASON, now)
        _end_everything(services, session, account_id, now)
        lifecycle.close_account(session, services.audit, account_id, now=now)
        forget_filer(services, session, account_id, now=now)
        erasure.erase(session, services.audit, services.sealer, account_id, now=now)
    notices.warn(services, known, "account_closed", now)
    for other in others:
        notices.warn(services, other, "representation_ended", now)
    return True


def _end_everything(
    services: Services, session: Session, account_id: UUID, now: datetime
) -> None:
    """End sessions and grants; what was given for others ends with who gave it."""
    live = (
        *grants.list_for(session, account_id, now=now),
        *grants.list_given_by(session, account_id, now=now),
    )
    sign_out_everywhere(services, session, account_id, reason=REASON, now=now)
    for whose in {grant.account_id for grant in live}:
        clients = [grant.client_id for grant in live if grant.account_id == whose]
        backchannel.account_stopped(services, session, whose, clients, now=now)
    for grant in live:
        grants.end(session, services.audit, grant.id, REASON, now)
        services.ephemeral.drop_grant(str(grant.id))
