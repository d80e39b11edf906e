"""Activation: who may activate until when, and the one transaction that does it.

The holder activates within 7 days of the grant notice, afterwards only through the
hotline (Decree 69/2024 art. 14). A missed time is no lapse: the account stays granted.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.calendar import HANOI
from idp.accounts.contacts import open_phone
from idp.accounts.identifiers import number_index
from idp.accounts.lifecycle import LifecycleError, change_state, live_locks
from idp.accounts.models import Account, Lock, PersonalNumber
from idp.audit.activation_events import AccountActivated, ActivationPermitted
from idp.audit.log import AuditLog
from idp.config import Config
from idp.enrolment.activation_models import ActivationPermit
from idp.enrolment.models import Dossier
from idp.factors import enrolled, passcode, passkey_store, sms
from idp.factors.passkey_answers import NewPasskey
from idp.factors.password import set_password
from keys.sealing import Sealer

Refusal = Literal["unknown", "phone", "not_granted", "again", "locked", "late"]


class Services(Protocol):
    """The part of the running provider that activation needs."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def sealer(self) -> Sealer:
        """What seals the passcode."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that a number names, as far as activation asks.

    `noticed_at` is None while the message that tells of the grant has not gone out.
    """

    account_id: UUID
    state: str
    phone: str | None
    is_locked: bool
    noticed_at: datetime | None
    permitted_until: datetime | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the holder chose: the password's hash, and a passcode's or a passkey."""

    password_hash: str
    passcode_hash: str | None = None
    passkey: NewPasskey | None = None
    passkey_label: str = ""


_LOCKED = (
    sa.select(sa.literal(1))
    .where(Lock.account_id == Account.id, Lock.lifted_at.is_(None))
    .correlate(Account)
    .exists()
)
# The newest grant's notice; without a dossier whoever granted it told the holder.
_NOTICED = (
    sa.select(
        sa.case(
            (sa.func.count() == 0, Account.granted_at),
            (
                sa.func.count() == sa.func.count(Dossier.notified_at),
                sa.func.max(Dossier.notified_at),
            ),
        )
    )
    .where(Dossier.account_id == Account.id, Dossier.state == "granted")
    .correlate(Account)
    .scalar_subquery()
)
_PERMITTED = (
    sa.select(sa.func.max(ActivationPermit.until))
    .where(ActivationPermit.account_id == Account.id)
    .correlate(Account)
    .scalar_subquery()
)


def deadline(noticed_at: datetime, *, days: int) -> datetime:
    """Return when the holder's own time ends: the last midnight of these days.

    Calendar days, the first being the one after the notice (Decree 69/2024 art. 14;
    Civil Code art. 147–148).
    """
    first = noticed_at.astimezone(HANOI).date() + timedelta(days=1)
    return datetime.combine(first + timedelta(days=days), time(), HANOI)


def until(candidate: Candidate, *, days: int) -> datetime | None:
    """Return until when the account may be activated, by its holder or a permit.

    None before the notice, which begins the time (Decree 69/2024 art. 14).
    """
    if candidate.noticed_at is None:
        return None
    own = deadline(candidate.noticed_at, days=days)
    return max(own, candidate.permitted_until or own)


def refusal(
    candidate: Candidate | None, phone: str | None, *, days: int, now: datetime
) -> Refusal | None:
    """Return why this phone's holder may not activate the account, or None.

    The order matters: whoever has another phone learns nothing of the account.
    """
    if candidate is None:
        return "unknown"
    if phone is None or candidate.phone != phone:
        return "phone"
    if candidate.is_locked:
        return "locked"
    if candidate.state == "active":
        return "again"
    if candidate.state != "granted":
        return "not_granted"
    ends = until(candidate, days=days)
    return "late" if ends is not None and now >= ends else None


def find(connection: Connection, sealer: Sealer, number: str) -> Candidate | None:
    """Return the account that the number names today, by one statement for all."""
    query = _query().join(PersonalNumber, PersonalNumber.account_id == Account.id)
    return _candidate(
        connection,
        sealer,
        query.where(
            PersonalNumber.number_index.in_(number_index(sealer, number).versions),
        ),
    )


def read(connection: Connection, sealer: Sealer, account_id: UUID) -> Candidate | None:
    """Return an account, or None for an id that none has."""
    return _candidate(connection, sealer, _query().where(Account.id == account_id))


def activate(  # noqa: PLR0913 - the stores, then whose, what, where and when
    services: Services,
    session: Session,
    account_id: UUID,
    chosen: Chosen,
    *,
    at_counter: bool,
    now: datetime,
) -> None:
    """Make the account active, with password and second secret, all or nothing.

    Of parallel activations one succeeds; the others raise `LifecycleError`. The phone
    that was proven receives codes from now on.
    """
    audit = services.audit
    # The state first: its row makes every other activation of the account wait here.
    change_state(session, audit, account_id, "active", now=now)
    if live_locks(session, account_id):
        raise LifecycleError("the account is locked")
    set_password(session, audit, account_id, chosen.password_hash, now=now)
    second = _add_second(services, session, account_id, chosen, now)
    if "sms" not in enrolled.enrolled_kinds(session, account_id):
        sms.enrol(session, audit, account_id, now=now)
    place = "counter" if at_counter else None
    audit.record(session, AccountActivated(account_id, second, place), now=now)


def is_done_with(connection: Connection, account_id: UUID, password_hash: str) -> bool:
    """Say whether the account is active with this very password (a second press)."""
    query = sa.select(Account.id).where(
        Account.id == account_id,
        Account.state == "active",
        Account.password_hash == password_hash,
    )
    return connection.execute(query).first() is not None


def permit(  # noqa: PLR0913 - the store, then whose time, by whom and when
    services: Services,
    session: Session,
    account_id: UUID,
    *,
    officer_id: UUID,
    unit_id: UUID | None,
    now: datetime,
) -> datetime:
    """Open the time to activate again (Decree 69/2024 art. 14); return its end."""
    ends = now + timedelta(seconds=services.config.activation.permit)
    granted = session.execute(
        sa.select(Account.id)
        .where(Account.id == account_id, Account.state == "granted")
        .with_for_update()
    ).first()
    if granted is None:
        raise LifecycleError("only a granted account waits for its activation")
    session.add(
        ActivationPermit(
            account_id=account_id, given_by=officer_id, given_at=now, until=ends
        )
    )
    event = ActivationPermitted(account_id, officer_id, unit_id, ends.isoformat())
    services.audit.record(session, event, now=now)
    return ends


def _add_second(
    services: Services,
    session: Session,
    account_id: UUID,
    chosen: Chosen,
    now: datetime,
) -> str:
    audit = services.audit
    if chosen.passcode_hash is not None:
        stores = (session, audit, services.sealer)
        passcode.enrol(*stores, account_id, chosen.passcode_hash, now=now)
        return "passcode"
    if chosen.passkey is None:
        raise LifecycleError("neither passcode nor passkey")
    added = passkey_store.add(
        session,
        audit,
        account_id,
        chosen.passkey,
        label=chosen.passkey_label,
        usable_from=None,
        now=now,
    )
    if added is None:
        raise LifecycleError("the passkey is known already")
    return "passkey"


def _query() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(
        Account.id,
        Account.state,
        Account.phone_sealed,
        _LOCKED.label("is_locked"),
        _NOTICED.label("noticed_at"),
        _PERMITTED.label("permitted_until"),
    )


def _candidate(
    connection: Connection, sealer: Sealer, query: sa.Select[*tuple[Any, ...]]
) -> Candidate | None:
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Candidate(
        account_id=row.id,
        state=row.state,
        phone=open_phone(sealer, row.phone_sealed, row.id),
        is_locked=bool(row.is_locked),
        noticed_at=row.noticed_at,
        permitted_until=row.permitted_until,
    )
