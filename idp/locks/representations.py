"""The end of a representation, with every effect: by people, by paper, by age.

Civil Code 2015 art. 62 and Decree 69/2024 art. 10: nobody acts for who is of age, or
for whom a court or the registry named another. What was allowed for the ward stays
written and is worth nothing; portals are told.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts import contacts, representation
from idp.accounts.ages import birthday
from idp.accounts.identity import read_identity
from idp.authentication import backchannel
from idp.consent import grants
from idp.factors import notices
from idp.locks import effects
from idp.locks.sweeping import Services

Reason = Literal["court", "capacity", "replaced", "death", "mistake", "own_wish"]
# What an officer or a command may give; one's own wish is the representative's.
BY_PAPER: tuple[Reason, ...] = ("court", "capacity", "replaced", "death", "mistake")
_WHY = "representation_ended"
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Ending:
    """Which representation ends, why, and by which officer's paper."""

    ward_id: UUID
    representative_id: UUID
    reason: Reason
    officer_id: UUID | None = None
    document: str | None = None


def end(services: Services, ending: Ending, *, now: datetime) -> bool:
    """End it at once and tell both; say whether it held."""
    with services.database.transaction() as session:
        who = read_identity(session, services.sealer, ending.ward_id)
        age = services.config.representation.confirm_below_age
        is_ended = representation.dismiss(
            session,
            services.audit,
            representative_id=ending.representative_id,
            ward_id=ending.ward_id,
            reason=ending.reason,
            officer_id=ending.officer_id,
            document=ending.document,
            protected_until=birthday(who.birth_date, age),
            now=now,
        )
        if is_ended:
            stop(services, session, ending.ward_id, ending.representative_id, now=now)
    if is_ended:
        _tell(services, ending.ward_id, ending.representative_id, now)
    return is_ended


def sweep(services: Services, *, now: datetime) -> int:
    """Write down and carry out the ends that came by age; return how many.

    From the moment itself nobody acts any more. Killed, it has done whole ones.
    """
    done = 0
    while True:
        with services.database.read() as connection:
            found = representation.over(connection, now=now, limit=_AT_ONCE)
        if not found:
            return done
        for representation_id, ward_id, representative_id in found:
            with services.database.transaction() as session:
                if not representation.run_out(
                    session, services.audit, representation_id, now=now
                ):
                    continue  # somebody was faster
                stop(services, session, ward_id, representative_id, now=now)
            _tell(services, ward_id, representative_id, now)
            done += 1
        services.courier.wait()


def stop(
    services: Services,
    session: Session,
    principal_id: UUID,
    actor_id: UUID,
    *,
    now: datetime,
) -> None:
    """End what someone holds for this ward or organisation; those portals are told."""
    given = grants.list_given_by(session, actor_id, now=now)
    ended = [grant for grant in given if grant.account_id == principal_id]
    effects.end_tokens(services, session, ended, reason=_WHY, now=now)
    clients = [grant.client_id for grant in ended]
    backchannel.account_stopped(services, session, principal_id, clients, now=now)


def _tell(
    services: Services, ward_id: UUID, representative_id: UUID, now: datetime
) -> None:
    for account_id in (ward_id, representative_id):
        with services.database.read() as connection:
            known = contacts.read_contacts(connection, services.sealer, account_id)
        notices.warn(services, known, "representation_ended", now)
