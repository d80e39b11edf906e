"""Ten million invented people that nobody stores: each is worked out when asked for.

Person `index` of a seed is always the same, also in a larger population. The last six
digits of a number tell the block (a permutation, so that neighbours look unrelated);
sex and year of birth tell who of the block it is. No real person can have a number
that begins with 999.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from idp.errors import ConfigError
from idp.registry import homes, papers
from idp.registry.draws import Draws
from idp.registry.households import BLOCK, YEAR, Inhabitant, inhabitants
from idp.registry.person import (
    Household,
    HouseholdMember,
    PersonRecord,
    RegisteredCard,
    RegisteredPerson,
    Representative,
)

PREFIX = "999"
MAX_PEOPLE = 10_000_000
TODAY = date(YEAR, 10, 1)
AS_OF = datetime(YEAR, 10, 1, 1, 0, tzinfo=UTC)

_FIRST_SERIAL = 100_000  # those below belong to the sandbox's own citizens
_SERIALS = 900_000
_STEP, _UNSTEP = 524_287, pow(524_287, -1, _SERIALS)  # prime, so a permutation
_MAJORITY = 18


class Population:
    """The first `size` people of a seed."""

    def __init__(self, size: int, seed: str) -> None:
        if not 0 <= size <= MAX_PEOPLE:
            raise ConfigError(f"registry.people must be at most {MAX_PEOPLE}")
        self.size = size
        self._seed = seed

    def person(self, index: int) -> PersonRecord:
        """Return one person's record."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        return self._block(index // BLOCK)[index % BLOCK]

    def index_of(self, number: str) -> int | None:
        """Return who has this number, None if nobody of this population."""
        if not number.startswith(PREFIX) or not number[3:].isdigit():
            return None
        serial = int(number[6:]) - _FIRST_SERIAL
        block = serial * _UNSTEP % _SERIALS
        if serial < 0 or block * BLOCK >= self.size:
            return None
        for place, member in enumerate(self._inhabitants(block)):
            index = block * BLOCK + place
            if _number(block, member) == number and index < self.size:
                return index
        return None

    def people(self, start: int = 0, stop: int | None = None) -> Iterator[PersonRecord]:
        """Yield people in order, in constant memory."""
        stop = self.size if stop is None else min(stop, self.size)
        for block in range(start // BLOCK, -(-stop // BLOCK)):
            for place, record in enumerate(self._block(block)):
                if start <= block * BLOCK + place < stop:
                    yield record

    def phone(self, index: int) -> str:
        """Return the phone in this person's own name; no network has 051 numbers."""
        return f"+8451{index:07}"

    def owner_of(self, phone: str) -> int | None:
        """Return in whose name a phone is registered."""
        digits = phone.removeprefix("+8451")
        if len(phone) != len("+84510000000") or not digits.isdigit():
            return None
        return int(digits) if int(digits) < self.size else None

    def _inhabitants(self, block: int) -> list[Inhabitant]:
        return inhabitants(Draws(f"{self._seed}|block|{block}"))

    def _block(self, block: int) -> list[PersonRecord]:
        everyone = self._inhabitants(block)
        records: list[PersonRecord] = []
        for household in range(everyone[-1].household + 1):
            members = [one for one in everyone if one.household == household]
            name = f"{self._seed}|household|{block}|{household}"
            records += _records(Draws(name), block, members)
        return records


def _records(draws: Draws, block: int, members: list[Inhabitant]) -> list[PersonRecord]:
    home = homes.home(draws, TODAY)
    numbers = [_number(block, member) for member in members]
    as_others = [
        HouseholdMember(str(member.name), member.role, number)
        for member, number in zip(members, numbers, strict=True)
    ]
    head = members[0]
    file_number = f"{PREFIX}{block * BLOCK + head.household:09}"
    records = []
    for place, member in enumerate(members):
        person = _person(draws, member, numbers[place], home.commune.old_province)
        age = YEAR - member.birth_year
        if age < _MAJORITY and member.role in ("child", "grandchild"):
            person = _represented(person, member, members, numbers)
        records.append(
            PersonRecord(
                as_of=AS_OF,
                residence=homes.residence(draws, home, TODAY, age=age),
                household=Household(
                    file_number,
                    as_others[0].name,
                    member.role,
                    (*as_others[:place], *as_others[place + 1 :]),
                ),
                person=person,
            )
        )
    return records


def _person(
    draws: Draws, member: Inhabitant, number: str, origin: str
) -> RegisteredPerson:
    age = YEAR - member.birth_year
    first = date(member.birth_year, 1, 1)
    birth = first + timedelta(days=draws.below(270 if age <= 1 else 365))
    # Older papers often knew the year alone.
    has_day = not (age >= 62 and draws.happens(90))
    card: RegisteredCard | None
    if member.is_foreign:
        card = papers.residence_card(draws, TODAY)
    else:
        card = papers.card_of(draws, birth, TODAY)
    is_dead = age >= 70 and draws.happens(25)
    return RegisteredPerson(
        number=number,
        family_name=member.name.family,
        middle_name=member.name.middle,
        given_name=member.name.given,
        birth_date=birth.isoformat() if has_day else str(member.birth_year),
        gender=member.gender,
        nationality=member.people.title if member.is_foreign else "VN",
        ethnicity=None if member.is_foreign else member.people.title,
        place_of_origin=None if member.is_foreign else origin,
        status="dead" if is_dead else "alive",
        card=card,
    )


def _represented(
    child: RegisteredPerson,
    member: Inhabitant,
    members: list[Inhabitant],
    numbers: list[str],
) -> RegisteredPerson:
    """Return a minor with parents, or the grandparent who is the guardian."""
    adults = [
        (other, number)
        for other, number in zip(members, numbers, strict=True)
        if other.role in ("head", "spouse")
    ]
    parent = {"male": "father", "female": "mother"}
    return replace(
        child,
        representatives=tuple(
            Representative(
                number,
                str(other.name),
                "guardian" if member.role == "grandchild" else parent[other.gender],
            )
            for other, number in adults
        ),
    )


def _number(block: int, member: Inhabitant) -> str:
    century = 2 * (member.birth_year // 100 - 19) + (member.gender == "female")
    serial = block * _STEP % _SERIALS + _FIRST_SERIAL
    return f"{PREFIX}{century}{member.birth_year % 100:02}{serial}"
