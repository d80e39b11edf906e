"""What every population registry must do: stored, invented, and asked over SOAP."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from idp.config import RegistryConfig
from idp.registry.divisions import packaged
from idp.registry.embedded import EmbeddedRegistry
from idp.registry.generated import GeneratedRegistry
from idp.registry.generator import Population
from idp.registry.port import CAPABILITIES, Asker, Question
from idp.registry.soap import SoapRegistry
from tests.exchange import running_exchange
from tests.unit.world import NOW, world

__all__ = ["world"]

ASKER = Asker("test", officer="officer", unit="unit")
POPULATION = Population(3000, "conformance")
EVERYONE = list(POPULATION.people())


def first(fits):
    """Return the first of the population whom the test is about."""
    return next(record for record in EVERYONE if fits(record.person))


PEOPLE = {
    "a day": first(lambda p: len(p.birth_date) > 4 and p.ethnicity == "Kinh"),
    "a year": first(lambda p: len(p.birth_date) == 4),
    "one name": first(lambda p: " " not in p.full_name),
    "a child": first(lambda p: len(p.representatives) > 1),
    "a ward": first(lambda p: any(r.relation == "guardian" for r in p.representatives)),
    "a foreigner": first(lambda p: p.nationality == "KR"),
    "an apostrophe": first(lambda p: "H'" in p.full_name),
}


@contextmanager
def stored(world):
    """Yield the embedded registry with the people in it."""
    registry = EmbeddedRegistry(world.database, world.sealer)
    with world.database.transaction() as session:
        for record in PEOPLE.values():
            registry.store(session, record)
    yield registry


@contextmanager
def generated(world):
    """Yield the registry that works everyone out."""
    yield GeneratedRegistry(POPULATION, EmbeddedRegistry(world.database, world.sealer))


def exchange(style):
    """Return what yields a SOAP client of an exchange that writes in this style."""

    @contextmanager
    def opened(world):
        known = GeneratedRegistry(
            POPULATION, EmbeddedRegistry(world.database, world.sealer)
        )
        with running_exchange(
            lambda number: known.find(number, now=NOW), style=style
        ) as server:
            config = RegistryConfig(source="soap", url=server.url)
            yield SoapRegistry(config, packaged)

    return opened


@pytest.fixture(
    params=[stored, generated, exchange("text"), exchange("deployed")],
    ids=["stored", "generated", "soap", "soap-deployed"],
)
def registry(request, world):
    """Return each registry in its turn."""
    with request.param(world) as opened:
        yield opened


def question(record, **changes):
    """Return the right question about somebody, changed."""
    person = record.person
    asked = Question(person.number, person.full_name, person.birth_date)
    return replace(asked, **changes)


def answers(registry, asked):
    """Return both operations' answers; they agree whether there is somebody."""
    confirmed = registry.confirms(asked, ASKER, now=NOW)
    record = registry.look_up(asked, ASKER, now=NOW)
    assert confirmed is (record is not None)
    return record


@pytest.mark.parametrize("who", PEOPLE)
def test_the_right_question_finds_the_person(registry, who):
    """Name, birth date with its precision, sex, nationality and representatives."""
    expected = PEOPLE[who]

    record = answers(registry, question(expected))

    told, person = record.person, expected.person
    assert told.number == person.number
    assert told.full_name == person.full_name
    assert told.birth_date == person.birth_date
    assert told.gender == person.gender
    assert told.nationality == person.nationality
    assert record.as_of == expected.as_of
    assert not record.is_stale
    if "representatives" in registry.capabilities:
        assert {(r.number, r.name, r.relation) for r in told.representatives} == {
            (r.number, r.name, r.relation) for r in person.representatives
        }


def test_addresses_are_told_with_codes_and_old_districts(registry):
    """By today's two levels, and by the district where the registration is older."""
    expected = PEOPLE["a day"]

    record = answers(registry, question(expected))

    told, known = record.residence.permanent, expected.residence.permanent
    assert told.address.commune_code == known.address.commune_code
    assert told.address.text == known.address.text
    assert told.address.district in (known.address.district, None)


@pytest.mark.parametrize("who", ["a day", "a year", "one name"])
def test_names_need_no_accents(registry, who):
    """Nor case, nor spaces."""
    name = PEOPLE[who].person.full_name.upper().replace(" ", "")

    assert answers(registry, question(PEOPLE[who], name=name))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Ai Khác"},
        {"name": ""},
        {"birth_date": "1901-01-01"},
        {"birth_date": "1901"},
        {"number": "999085000003"},
        {"number": "001085000003"},
    ],
)
def test_a_wrong_part_finds_nobody(registry, changes):
    """The number alone is never enough, and nothing tells which part is wrong."""
    assert answers(registry, question(PEOPLE["a day"], **changes)) is None


def test_a_year_alone_matches_where_only_the_year_is_registered(registry):
    """And then any day of that year does; a registered day wants the day."""
    year = PEOPLE["a year"].person.birth_date

    assert answers(registry, question(PEOPLE["a year"], birth_date=f"{year}-05-06"))
    day = PEOPLE["a day"].person.birth_date
    assert answers(registry, question(PEOPLE["a day"], birth_date=day[:4])) is None


def test_capabilities_are_kept(registry):
    """What is not promised is missing, what is promised is there."""
    record = answers(registry, question(PEOPLE["a child"]))
    adult = answers(registry, question(PEOPLE["a day"]))

    assert registry.capabilities <= CAPABILITIES
    assert registry.authority
    assert (record.household is not None) == ("household" in registry.capabilities)
    assert (adult.person.card is not None) == ("card" in registry.capabilities)
    assert bool(record.person.representatives) == (
        "representatives" in registry.capabilities
    )
    assert hasattr(registry, "find") == ("find_by_number" in registry.capabilities)
