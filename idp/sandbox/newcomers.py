"""People of the sandbox's registry without an account: one for each way to enrol.

They are the first of the invented population whom a story fits, so that everybody who
uses one seed has the same ones.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from idp.accounts.identifiers import find_account_id
from idp.config import Config
from idp.registry.generator import Population
from idp.registry.households import YEAR
from idp.registry.opening import population
from idp.registry.person import PersonRecord, RegisteredPerson
from idp.sandbox.citizens import registered
from idp.sandbox.loader import require_sandbox
from idp.storage.database import Database
from keys.sealing import Sealer

_OF_OTHER = "999"  # the sandbox's carrier knows phones with this end as another's
_OWN_AGE = 15  # surely 14 already, whatever the day


class Wiring(Protocol):
    """What of the provider newcomers are told from."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def sealer(self) -> Sealer:
        """What finds people who have an account."""


def _age(person: RegisteredPerson) -> int:
    return YEAR - int(person.birth_date[:4])


def _card(person: RegisteredPerson) -> str | None:
    return person.card.state if person.card else None


def _is_own(person: RegisteredPerson) -> bool:
    return (
        _age(person) >= _OWN_AGE
        and person.nationality == "VN"
        and person.status == "alive"
    )


def _is_plain(person: RegisteredPerson) -> bool:
    return _is_own(person) and _card(person) == "valid"


def _is_child(person: RegisteredPerson) -> bool:
    return 7 <= _age(person) < 14 and bool(person.representatives)


@dataclass(frozen=True, slots=True)
class Story:
    """Why somebody is on the list, and who fits."""

    name: str
    fits: Callable[[RegisteredPerson], bool]
    many: int = 1


STORIES = (
    Story("adult", lambda one: _is_plain(one) and len(one.birth_date) > 4, many=10),
    Story("adult_year_only", lambda one: _is_plain(one) and len(one.birth_date) == 4),
    Story("single_name", lambda one: _is_plain(one) and " " not in one.full_name),
    Story("phone_of_other", _is_plain),
    Story("card_expired", lambda one: _is_own(one) and _card(one) == "expired"),
    Story("card_held", lambda one: _is_own(one) and _card(one) == "held"),
    Story("no_card", lambda one: _age(one) < _OWN_AGE and _card(one) is None),
    Story("foreigner", lambda one: one.nationality != "VN"),
    Story("dead", lambda one: one.status == "dead"),
    Story("child_of_newcomer", lambda one: _is_child(one) and _card(one) == "valid"),
)


def newcomers(wiring: Wiring) -> list[dict[str, Any]]:
    """Return everyone for whom enrolment can be tried, and who did it already."""
    return list(each_newcomer(wiring))


def each_newcomer(wiring: Wiring) -> Iterator[dict[str, Any]]:
    """Yield the entries of `newcomers`, each looked up when it is asked for."""
    require_sandbox(wiring.config)
    everyone = population(wiring.config)
    children = (_child(record) for record in registered())
    with wiring.database.read() as connection:
        for entry in chain(_invented(everyone), children):
            number = entry["personal_number"]
            account_id = find_account_id(connection, wiring.sealer, number)
            yield entry | {"has_account": account_id is not None}


def _invented(everyone: Population) -> Iterator[dict[str, Any]]:
    open_places = [story for story in STORIES for _ in range(story.many)]
    for index, record in enumerate(everyone.people()):
        if not open_places:
            return
        person = record.person
        if person is None:
            continue
        story = next((one for one in open_places if one.fits(person)), None)
        if story is not None:
            open_places.remove(story)
            yield _entry(everyone, index, record, person, story.name)


def _entry(
    everyone: Population,
    index: int,
    record: PersonRecord,
    person: RegisteredPerson,
    story: str,
) -> dict[str, Any]:
    phone = everyone.phone(index)
    if story == "phone_of_other":
        phone = phone[: -len(_OF_OTHER)] + _OF_OTHER
    needs_guardian = _age(person) < _OWN_AGE
    return {
        **_identity(record, person),
        "phone": None if needs_guardian else phone,
        "guardian_number": next(iter(_guardians(person)), None),
        "story": story,
    }


def _child(record: PersonRecord) -> dict[str, Any]:
    if record.person is None:
        raise ValueError("a registered child has an identity")
    return {
        **_identity(record, record.person),
        "phone": None,
        "guardian_number": next(iter(_guardians(record.person))),
        "story": "child",
    }


def _identity(record: PersonRecord, person: RegisteredPerson) -> dict[str, Any]:
    stays, card = record.residence, person.card
    permanent = stays.permanent if stays else None
    return {
        "personal_number": person.number,
        "name": person.full_name,
        "family_name": person.family_name,
        "middle_name": person.middle_name,
        "given_name": person.given_name,
        "birth_date": person.birth_date,
        "gender": person.gender,
        "nationality": person.nationality,
        "card_state": card.state if card else None,
        "card_expires_on": card.expires_on if card else None,
        "province_code": permanent.address.province_code if permanent else None,
    }


def _guardians(person: RegisteredPerson) -> list[str]:
    return [representative.number for representative in person.representatives]
