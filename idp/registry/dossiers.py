"""Dossiers of invented people, as another system would hand them over for import.

Whoever is 14 has a dossier (Decree 69/2024 art. 7); of the children from 6 on, those
who have a card.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from idp.registry.generator import Population
from idp.registry.households import YEAR
from idp.registry.person import PersonRecord, RegisteredPerson

COLUMNS = (
    "external_id",
    "personal_number",
    "family_name",
    "middle_name",
    "given_name",
    "birth_date",
    "gender",
    "nationality",
    "ethnicity",
    "document_type",
    "document_number",
    "document_issued_on",
    "document_expires_on",
    "document_issuer",
    "phone",
    "email",
    "level",
    "province_code",
    "submitted_at",
    "representative_number",
)
# Of ten million people of any seed a few more than these can have one (859 in 1,000).
MAX_DOSSIERS = 8_500_000
_FIRST = datetime(2024, 7, 1, 1, 0, tzinfo=UTC)  # Decree 69/2024 in force
_SECONDS = 800 * 86_400
_STRIDE = 7_654_321  # spreads neighbours over the days
_OWN_AGE, _CHILD_AGE = 15, 6  # surely 14 already, whatever the day


def dossiers(population: Population) -> Iterator[dict[str, Any]]:
    """Yield a dossier of everyone who can have one, in constant memory."""
    for index, record in enumerate(population.people()):
        person = record.person
        if person is None or person.status != "alive" or person.card is None:
            continue
        age = YEAR - int(person.birth_date[:4])
        if age >= _OWN_AGE:
            yield _dossier(population, index, record, person)
        elif age >= _CHILD_AGE and person.representatives:
            yield _child(_dossier(population, index, record, person), person)


def _dossier(
    population: Population,
    index: int,
    record: PersonRecord,
    person: RegisteredPerson,
) -> dict[str, Any]:
    card, stays = person.card, record.residence
    permanent = stays.permanent if stays else None
    is_foreign = person.nationality != "VN"
    submitted = _FIRST + timedelta(seconds=index * _STRIDE % _SECONDS)
    return {
        "external_id": f"GEN-{index:010}",
        "personal_number": person.number,
        "family_name": person.family_name,
        "middle_name": person.middle_name,
        "given_name": person.given_name,
        "birth_date": person.birth_date,
        "gender": person.gender,
        "nationality": person.nationality,
        "ethnicity": person.ethnicity,
        "document_type": "residence_card" if is_foreign else "can_cuoc",
        "document_number": person.number,
        "document_issued_on": card.issued_on if card else None,
        "document_expires_on": card.expires_on if card else None,
        "document_issuer": "Bộ Công an",
        "phone": population.phone(index),
        "email": f"nguoi{index}@congdan.test" if index % 7 == 0 else None,
        "level": 1 if index % 10 in (3, 6, 9) else 2,
        "province_code": permanent.address.province_code if permanent else None,
        "submitted_at": submitted.isoformat(),
        "representative_number": None,
    }


def _child(dossier: Mapping[str, Any], child: RegisteredPerson) -> dict[str, Any]:
    representative = child.representatives[0].number
    return {
        **dossier,
        "phone": None,  # the representative's is used
        "email": None,
        "level": 1,
        "representative_number": representative,
    }
