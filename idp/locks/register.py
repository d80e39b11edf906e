"""What the register tells of organisations (Decree 69/2024 art. 12, 15).

One that is dissolved is locked; who is no longer its legal representative loses the
right at once.

The register sends no events, so it is asked: whenever somebody is about to act for an
organisation, and by a periodic sweep for those for whom nobody does. A register that
does not answer changes nothing: the account is what it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.accounts import contacts, lifecycle, organisations, succession
from idp.accounts.lifecycle import LifecycleError
from idp.accounts.models import Account, Lock
from idp.accounts.organisation_models import Organisation
from idp.accounts.principals import USABLE
from idp.errors import IdpError
from idp.factors import notices
from idp.locks import placing, representations, sweeping

DISSOLVED = "dissolved"
_ASKER = "system"
Change = Literal["locked", "unlocked", "replaced"]
_AT_ONCE = 200
# One strange answer stops no sweep; a register that is down is not asked thousands of
# times.
_PATIENCE = 5


class Known(Protocol):
    """What the register says of an organisation, as far as locks ask."""

    @property
    def is_dissolved(self) -> bool:
        """Say whether it is no more."""

    @property
    def legal_representative(self) -> str:
        """Return the personal number of who represents it."""


class Register(Protocol):
    """The register of organisations."""

    def find(self, tax_code: str) -> Known | None:
        """Return the organisation, or None: unknown; may raise `IdpError`."""


class Services(sweeping.Services, Protocol):
    """The part of the running provider that asking the register needs."""

    @property
    def organisations(self) -> Register:
        """The register of organisations."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How many organisations were asked about, and what came of it."""

    asked: int = 0
    locked: int = 0
    unlocked: int = 0
    replaced: int = 0
    unanswered: int = 0


def check(services: Services, organisation_id: UUID, *, now: datetime) -> Change | None:
    """Do what the register tells of one organisation, with every effect.

    Lock what is dissolved, unlock what lives on, and end the right of who is no longer
    its legal representative. The register may be late: a lock that an agency placed on
    this ground is its own. Raises what the register raises.
    """
    with services.database.read() as connection:
        details = organisations.read_details(
            connection, services.sealer, organisation_id
        )
    known = services.organisations.find(details.tax_code)
    if known is None:
        return None
    change = _standing(services, organisation_id, known, now)
    if known.is_dissolved:
        return change
    return (
        _succeed(services, organisation_id, known.legal_representative, now) or change
    )


def sweep(services: Services, *, now: datetime) -> Asked:
    """Ask about every organisation; killed, it has done whole ones."""
    counts = dict.fromkeys(("locked", "unlocked", "replaced", "unanswered"), 0)
    asked = in_a_row = 0
    for organisation_id in _living(services):
        asked += 1
        try:
            change = check(services, organisation_id, now=now)
        except IdpError:
            counts["unanswered"] += 1
            in_a_row += 1
            if in_a_row == _PATIENCE:
                break
            continue
        in_a_row = 0
        if change is not None:
            counts[change] += 1
            services.courier.wait()
    return Asked(asked=asked, **counts)


def _standing(
    services: Services, organisation_id: UUID, known: Known, now: datetime
) -> Change | None:
    """Lock what is dissolved, unlock what lives on after all."""
    try:
        with services.database.transaction() as session:
            asker = _locked_by(session, organisation_id)
            is_locked = asker is not None
            if is_locked == known.is_dissolved or asker not in {None, _ASKER}:
                return None
            change = placing.unlock if is_locked else placing.lock
            change(
                services,
                session,
                organisation_id,
                ground=DISSOLVED,
                asker=_ASKER,
                now=now,
            )
    except LifecycleError:
        return None  # somebody was faster
    return "unlocked" if is_locked else "locked"


def _succeed(
    services: Services, organisation_id: UUID, number: str, now: datetime
) -> Change | None:
    """End the right of whom the register no longer names, and tell them."""
    stores = (services.sealer, organisation_id, number)
    with services.database.read() as connection:
        if succession.is_named(connection, *stores):
            return None
    with services.database.transaction() as session:
        lifecycle.hold(session, organisation_id, now=now)
        if succession.is_named(session, *stores):
            return None  # somebody was faster
        told = []
        for former in succession.follow(session, services.audit, *stores, now=now):
            told.append(contacts.read_contacts(session, services.sealer, former))
            representations.stop(services, session, organisation_id, former, now=now)
    for known in told:
        notices.warn(services, known, "mandate_ended", now)
    return "replaced"


def _locked_by(session: Session, organisation_id: UUID) -> str | None:
    """Return who asked for the live lock on this ground, or None."""
    query = sa.select(Lock.asker).where(
        Lock.account_id == organisation_id,
        Lock.ground == DISSOLVED,
        Lock.lifted_at.is_(None),
    )
    return session.execute(query).scalar_one_or_none()


def _living(services: Services) -> Iterator[UUID]:
    """Yield the organisations that are granted, a page at a time."""
    after = UUID(int=0)
    while True:
        query = (
            sa.select(Organisation.id)
            .join(Account, Account.id == Organisation.id)
            .where(Account.state.in_(USABLE), Organisation.id > after)
            .order_by(Organisation.id)
            .limit(_AT_ONCE)
        )
        with services.database.read() as connection:
            page = connection.execute(query).scalars().all()
        if not page:
            return
        yield from page
        after = page[-1]
