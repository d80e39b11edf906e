"""Whether a person is who they say: registry, carrier and our own accounts are asked.

All are asked whatever one of them answers, so that the refusals of an unknown person,
of somebody else's phone and of a person who has an account take the same work.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import sqlalchemy as sa

from idp.accounts.contacts import phone_index
from idp.accounts.identifiers import find_account_of
from idp.accounts.identity import Identity, IdentityDocument
from idp.accounts.models import Account
from idp.accounts.representation import PARENTS
from idp.config import Config
from idp.enrolment import ages
from idp.enrolment.draft import Applicant, Refusal
from idp.factors.carrier import CarrierCheck
from idp.registry.person import PersonRecord, RegisteredPerson
from idp.registry.port import Asker, PopulationRegistry, Question
from idp.storage.database import Database
from keys.sealing import Sealer

Mismatch = Literal[
    "unknown",
    "phone_not_own",
    "has_account",
    "phone_taken",
    "not_alive",
    "no_card",
    "represented",
]


class Services(Protocol):
    """The part of the running provider that is asked."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """Where accounts are."""

    @property
    def sealer(self) -> Sealer:
        """What finds numbers and phones."""

    @property
    def carrier(self) -> CarrierCheck:
        """Who knows whose a phone is."""

    @property
    def registry(self) -> PopulationRegistry:
        """Who knows people."""


@dataclass(frozen=True, slots=True)
class Match:
    """What was found; `doubts` are what nobody could tell, an officer's affair."""

    mismatches: frozenset[Mismatch]
    doubts: frozenset[str]
    record: PersonRecord | None

    @property
    def is_whole(self) -> bool:
        """Say whether nothing speaks against the person."""
        return not self.mismatches

    @property
    def is_proven(self) -> bool:
        """Say whether the carrier vouches that the proven phone is the person's own."""
        return "phone_owner" not in self.doubts

    @property
    def refusal(self) -> Refusal | None:
        """Return what speaks against it, for the person's own ears.

        One answer for all but the own card's being invalid.
        """
        if self.is_whole:
            return None
        return "no_card" if self.mismatches == {"no_card"} else "no_match"

    @property
    def person(self) -> RegisteredPerson | None:
        """Return whom the registry named."""
        return self.record.person if self.record else None


def match(services: Services, applicant: Applicant, *, now: datetime) -> Match:
    """Ask whether the applicant may have an account of level 1 (D69 art. 7, 10).

    Number *and* name *and* birth date must be one person's, the phone in that person's
    own name, and neither may have an account (one number ↔ one account). For a child or
    ward the representative applies. Raises `RegistryDownError` or `CarrierError`.
    """
    question = Question(applicant.number, applicant.name, applicant.birth_date)
    asker = Asker.citizen(services.config)
    record = services.registry.look_up(question, asker, now=now)
    is_own = services.carrier.owned_by(
        applicant.phone, applicant.number, applicant.name, now
    )
    person = record.person if record else None
    has_account, phone_taken = _taken(services, applicant, person)
    found: dict[Mismatch, bool] = {
        "unknown": person is None,
        "phone_not_own": is_own is False,
        "has_account": has_account,
        "phone_taken": phone_taken,
        "not_alive": person is not None and person.status != "alive",
        "no_card": person is not None and has_card(services, person) is False,
        "represented": person is not None and _is_represented(services, person, now),
    }
    return Match(
        frozenset(name for name, holds in found.items() if holds),
        doubts(services, record, is_own_phone=is_own),
        record,
    )


def doubts(
    services: Services, record: PersonRecord | None, *, is_own_phone: bool | None
) -> frozenset[str]:
    """Return what nobody could tell of a filing for level 1."""
    found = {
        "phone_owner": is_own_phone is None,
        "registry_stale": record is not None and record.is_stale,
        "card": "card" not in services.registry.capabilities,
    }
    return frozenset(name for name, holds in found.items() if holds)


def identity_of(person: RegisteredPerson, *, now: datetime) -> Identity:
    """Return the identity as the registry has it: what was typed only found it."""
    document = None
    if person.card is not None:
        is_foreign = person.card.kind == "residence"
        document = IdentityDocument(
            type="residence_card" if is_foreign else "can_cuoc",
            number=person.number,
            issued_on=person.card.issued_on,
            expires_on=person.card.expires_on,
            issuer="Bộ Công an",
        )
    return Identity(
        family_name=person.family_name,
        middle_name=person.middle_name,
        given_name=person.given_name,
        birth_date=person.birth_date,
        gender=person.gender,
        nationality=person.nationality,
        ethnicity=person.ethnicity,
        origin=person.place_of_origin,
        document=document,
        proofed_on=now.date().isoformat(),
    )


def province_of(record: PersonRecord) -> str | None:
    """Return the province where the person lives, for the queue and the figures."""
    stays = record.residence
    stay = (stays.permanent or stays.present) if stays else None
    return stay.address.province_code if stay else None


def numbers_of(person: RegisteredPerson) -> tuple[str, ...]:
    """Return every number that the person has or had (D69 art. 15: one account)."""
    return (person.number, *person.former_numbers)


def _taken(
    services: Services, applicant: Applicant, person: RegisteredPerson | None
) -> tuple[bool, bool]:
    numbers = {applicant.number, *(numbers_of(person) if person else ())}
    with services.database.read() as connection:
        account_id = find_account_of(connection, services.sealer, numbers)
        index = phone_index(services.sealer, applicant.phone)
        query = sa.select(Account.id).where(Account.phone_index.in_(index.versions))
        holder = connection.execute(query).scalar_one_or_none()
    return account_id is not None, holder is not None


def _is_represented(
    services: Services, person: RegisteredPerson, now: datetime
) -> bool:
    """Say whether a representative applies for this person (D69 art. 10).

    Parents do for a child; whoever still has a guardian later is a ward.
    """
    if not ages.applies_alone(person.birth_date, services.config.enrolment, now=now):
        return True
    return any(named.relation not in PARENTS for named in person.representatives)


def has_card(services: Services, person: RegisteredPerson) -> bool | None:
    """Say whether a valid card is there (D69 art. 7), None where nobody can tell."""
    if "card" not in services.registry.capabilities:
        return None
    return person.card is not None and person.card.state == "valid"
