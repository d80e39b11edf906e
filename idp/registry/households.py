"""Who lives with whom: blocks of sixteen invented people that fall into households.

A block is small, so that one person costs no more than their block. Within it no two
people share both sex and year of birth: with the block they decide the number.
"""

from dataclasses import dataclass, replace
from typing import Literal

from idp.registry.draws import Draws
from idp.registry.names import Name, People, foreigners, peoples

BLOCK = 16
YEAR = 2026
"""The year in which the population is looked at: ages are counted back from it."""

Gender = Literal["male", "female"]
# Sizes of the households of a block; together they are near the census' average of 3.5.
_SIZES = (
    (4, 3, 5, 1, 3),
    (2, 4, 4, 3, 2, 1),
    (6, 4, 4, 2),
    (1, 3, 4, 5, 3),
    (4, 4, 4, 4),
    (5, 2, 4, 1, 4),
    (3, 3, 3, 4, 2, 1),
    (1, 6, 2, 4, 3),
)
_ROLES = {
    1: (("head",),),
    2: (
        ("head", "spouse"),
        ("head", "spouse"),
        ("head", "child"),
        ("head", "grandchild"),
    ),
    3: (("head", "spouse", "child"),),
    4: (("head", "spouse", "child", "child"),),
    5: (
        ("head", "spouse", "child", "child", "parent"),
        ("head", "spouse", "child", "child", "child"),
    ),
    6: (
        ("head", "spouse", "child", "child", "parent", "parent"),
        ("head", "spouse", "child", "child", "child", "parent"),
    ),
}
_FOREIGN = 60  # of a thousand who live alone
_YOUNGEST = YEAR - 1


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """One person of a block, as far as the others must know."""

    household: int
    role: str
    gender: Gender
    birth_year: int
    name: Name
    people: People
    is_foreign: bool


def inhabitants(draws: Draws) -> list[Inhabitant]:
    """Return the sixteen people of a block, household by household."""
    block: list[Inhabitant] = []
    cells: set[tuple[str, int]] = set()
    for household, size in enumerate(draws.one_of(_SIZES)):
        for member in _household(draws, household, size):
            year = member.birth_year
            while (member.gender, year) in cells:
                year -= 1  # a year older is still as plausible
            cells.add((member.gender, year))
            is_shifted = year != member.birth_year
            block.append(replace(member, birth_year=year) if is_shifted else member)
    return block


def _household(draws: Draws, household: int, size: int) -> list[Inhabitant]:
    roles = draws.one_of(_ROLES[size])
    is_foreign = size == 1 and draws.happens(_FOREIGN)
    people = draws.weighted(foreigners() if is_foreign else peoples())
    head_age = _head_age(draws, roles)
    # In a small household of two generations the one adult is a woman more often.
    head_gender = _gender(draws, 350 if "spouse" not in roles and size > 1 else 700)
    family = people.name(draws, head_gender).family
    members: list[Inhabitant] = []
    parents = [_gender(draws, 400)]
    parents.append("female" if parents[0] == "male" else "male")
    for role in roles:
        gender: Gender
        if role == "head":
            gender, age, own = head_gender, head_age, family
        elif role == "spouse":
            gender = "female" if head_gender == "male" else "male"
            age, own = max(20, head_age + draws.between(-6, 4)), None
        elif role == "parent":
            gender, age = parents.pop(), head_age + draws.between(21, 34)
            own = family if gender == "male" else None
        else:
            gender = _gender(draws, 510)
            apart = (48, 60) if role == "grandchild" else (23, 34)
            age = max(0, head_age - draws.between(*apart))
            own = _father_family(members) or family
        name = people.name(draws, gender, family=own)
        year = min(YEAR - min(age, 98), _YOUNGEST)
        members.append(
            Inhabitant(household, role, gender, year, name, people, is_foreign)
        )
    return members


def _father_family(members: list[Inhabitant]) -> str | None:
    fathers = (m for m in members if m.role == "spouse" and m.gender == "male")
    return next((father.name.family for father in fathers), None)


def _head_age(draws: Draws, roles: tuple[str, ...]) -> int:
    if "grandchild" in roles:
        return draws.between(56, 70)
    if "parent" in roles:
        return draws.between(27, 56)
    if "child" in roles:
        return draws.between(25, 62)
    return draws.between(22, 88 if len(roles) > 1 else 80)


def _gender(draws: Draws, male_per_mille: int) -> Gender:
    return "male" if draws.happens(male_per_mille) else "female"
