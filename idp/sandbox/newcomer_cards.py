"""Chip cards of some newcomers, so that level 2 at a desk can be tried."""

from typing import Any

from idp.config import Config
from idp.registry.households import YEAR
from idp.registry.opening import population
from idp.registry.person import PersonRecord, RegisteredPerson

# People are looked at in the order of the invented population, as newcomers are.
_ADULTS = 3
_CHILDREN = 1
_GROWN_UP = 18
_WITH_A_PARENT = range(8, 14)
_LOOKED_AT = 2_000


def newcomer_cards(config: Config) -> list[dict[str, Any]]:
    """Return what is written on the cards of the first adults and a child."""
    wanted = {"adult": _ADULTS, "child": _CHILDREN}
    found = []
    for index, record in enumerate(population(config).people()):
        if index >= _LOOKED_AT or not any(wanted.values()):
            break
        person = record.person
        kind = _kind(person) if person else None
        if person is not None and kind is not None and wanted[kind]:
            wanted[kind] -= 1
            found.append(_written(person, record))
    return found


def _kind(person: RegisteredPerson) -> str | None:
    is_plain = person.status == "alive" and person.nationality == "VN"
    if not is_plain or person.card is None or person.card.state != "valid":
        return None
    age = YEAR - int(person.birth_date[:4])
    if age >= _GROWN_UP:
        return "adult"
    has_parent = age in _WITH_A_PARENT and bool(person.representatives)
    return "child" if has_parent else None


def _written(person: RegisteredPerson, record: PersonRecord) -> dict[str, Any]:
    if person.card is None:
        raise ValueError("this person has no card")
    stays = record.residence
    permanent = stays.permanent if stays else None
    return {
        "personal_number": person.number,
        "family_name": person.family_name,
        "middle_name": person.middle_name,
        "given_name": person.given_name,
        "birth_date": person.birth_date,
        "gender": person.gender,
        "nationality": person.nationality,
        "issued_on": person.card.issued_on,
        "expires_on": person.card.expires_on,
        "residence": permanent.address.text if permanent else "",
        "place_of_origin": person.place_of_origin or "",
    }
