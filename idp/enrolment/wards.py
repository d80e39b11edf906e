"""Level 1 for a child or ward: filed by the representative from their own account.

The representative has level 2, is named by the registry as parent or guardian, and has
a phone in their own name; the child's account is reached by that phone and has none of
its own, since one number belongs to one account (Decree 69/2024 art. 7, 10, 14.2).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import contacts, identifiers, identity
from idp.accounts.contacts import Contacts
from idp.accounts.identifiers import NumberTakenError
from idp.accounts.representation import RELATIONS
from idp.accounts.standing import read_standing
from idp.enrolment import ages, dossiers, matching, queue
from idp.enrolment.dossiers import BY_RULE, Decided
from idp.enrolment.matching import Services as Asked
from idp.enrolment.online import NotConsentedError
from idp.enrolment.online import Services as Filing
from idp.enrolment.record import NewDossier
from idp.registry.person import PersonRecord, RegisteredPerson
from idp.registry.port import Asker, Question


class Services(Asked, Filing, Protocol):
    """The part of the running provider that a representative's filing needs."""


@dataclass(frozen=True, slots=True)
class Ward:
    """What a representative typed of a child or ward."""

    number: str
    name: str
    birth_date: str


@dataclass(frozen=True, slots=True)
class _Filer:
    """The representative, as the own account has them."""

    id: UUID
    level: int
    number: str
    name: str
    contacts: Contacts


@dataclass(frozen=True, slots=True)
class FiledForWard:
    """The dossier, and the decision if it was made by rule; None if it was refused."""

    dossier_id: UUID | None
    decided: Decided | None = None


def file_for_ward(
    services: Services,
    filer_id: UUID,
    ward: Ward,
    *,
    has_consented: bool,
    now: datetime,
) -> FiledForWard:
    """File for a child or ward, who is told apart by no refusal.

    The representative consents for them (Law 91/2025). Raises `RegistryDownError` or
    `CarrierError`.
    """
    if not has_consented:
        raise NotConsentedError("no consent")
    with services.database.read() as connection:
        filer = _filer(services, connection, filer_id)
        own = _filed_before(services, connection, filer_id, ward)
    if own is not None:
        return FiledForWard(own)
    record, relation, doubts = _ask(services, filer, ward, now)
    if record is None or record.person is None or relation is None:
        return FiledForWard(None)
    with services.database.read() as connection:
        numbers = matching.numbers_of(record.person)
        if identifiers.find_account_of(connection, services.sealer, numbers):
            own = _filed_before(services, connection, filer_id, ward)
            return FiledForWard(own)
    new = _dossier(services, filer, record, record.person, relation, doubts, now)
    try:
        with services.database.transaction() as session:
            return _file(services, session, new, now)
    except NumberTakenError:
        with services.database.read() as connection:
            return FiledForWard(_filed_before(services, connection, filer_id, ward))


def relation_of(
    person: RegisteredPerson, filer_number: str, *, is_child: bool
) -> str | None:
    """Return how the registry says that the filer stands to the person, or None.

    A parent represents a child; a person who is grown up has guardians alone.
    """
    for named in person.representatives:
        if named.number == filer_number:
            relation = named.relation if named.relation in RELATIONS else "guardian"
            return relation if is_child or relation == "guardian" else None
    return None


def _ask(
    services: Services, filer: _Filer, ward: Ward, now: datetime
) -> tuple[PersonRecord | None, str | None, set[str]]:
    """Return the record, the relation, and what an officer has to look at."""
    asker = Asker.citizen(services.config)
    question = Question(ward.number, ward.name, ward.birth_date)
    record = services.registry.look_up(question, asker, now=now)
    phone = filer.contacts.phone
    is_own = phone is not None and services.carrier.owned_by(
        phone, filer.number, filer.name, now
    )
    person = record.person if record else None
    if person is None or is_own is False or filer.level != 2:
        return record, None, set()
    if person.status != "alive" or matching.has_card(services, person) is False:
        return record, None, set()
    is_child = not ages.applies_alone(
        person.birth_date, services.config.enrolment, now=now
    )
    doubts = set(matching.doubts(services, record, is_own_phone=is_own))
    relation = relation_of(person, filer.number, is_child=is_child)
    if "representatives" not in services.registry.capabilities:
        # Nobody can tell here: an officer looks at the birth certificate.
        relation, doubts = "guardian", doubts | {"relation"}
    return record, relation, doubts


def _dossier(  # noqa: PLR0913, PLR0917 - everything that speaks for it
    services: Services,
    filer: _Filer,
    record: PersonRecord,
    person: RegisteredPerson,
    relation: str,
    doubts: set[str],
    now: datetime,
) -> NewDossier:
    evidence: dict[str, Any] = {
        "registry": {"as_of": record.as_of.isoformat(), "stale": record.is_stale},
        "relation": relation,
        "contact": {"phone": filer.contacts.phone, "email": filer.contacts.email},
        "doubts": sorted(doubts),
    }
    return NewDossier(
        kind="level1_child",
        channel="representative",
        identity=matching.identity_of(person, now=now),
        number=person.number,
        evidence=evidence,
        consent_version=services.config.enrolment.consent_version,
        consented_at=now,
        filed_by=filer.id,
        province_code=matching.province_of(record),
    )


def _file(
    services: Services, session: Session, new: NewDossier, now: datetime
) -> FiledForWard:
    filed = dossiers.file(services, session, new, now=now)
    decided = None
    if not new.evidence["doubts"] and services.config.enrolment.decision == "automatic":
        decided = dossiers.grant(
            services, session, filed.dossier_id, by=BY_RULE, now=now
        )
    return FiledForWard(filed.dossier_id, decided)


def _filer(services: Services, connection: Connection, filer_id: UUID) -> _Filer:
    sealer = services.sealer
    return _Filer(
        id=filer_id,
        level=read_standing(connection, filer_id).level,
        number=identifiers.current_number(connection, sealer, filer_id),
        name=identity.read_identity(connection, sealer, filer_id).full_name,
        contacts=contacts.read_contacts(connection, sealer, filer_id),
    )


def _filed_before(
    services: Services, connection: Connection, filer_id: UUID, ward: Ward
) -> UUID | None:
    """Return the filer's own dossier for this number: a form may be sent twice."""
    account_id = identifiers.find_account_id(connection, services.sealer, ward.number)
    found = queue.find_by_account(connection, account_id or UUID(int=0))
    own = [dossier for dossier in found if dossier.filed_by == filer_id]
    return own[0].id if own else None
