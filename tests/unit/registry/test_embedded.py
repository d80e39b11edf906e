"""The embedded registry keeps records sealed and gives them back unchanged."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from idp.registry.embedded import EmbeddedRegistry
from idp.registry.generated import GeneratedRegistry
from idp.registry.generator import Population
from idp.registry.models import RegistryRecord
from idp.registry.person import HouseholdMember, PersonRecord
from idp.registry.port import Question
from tests.statements import noted_statements
from tests.unit.registry.records import AS_OF, ASKER, RECORD, record_of
from tests.unit.world import NOW, on_each_backend

NUMBER = "999085000001"
PEOPLE = Population(200, "embedded")
INVENTED = PEOPLE.person(7).person
RIGHT = Question(NUMBER, "Trần Văn Thử", "1985")


@on_each_backend
def test_a_stored_record_is_found(world):
    """Equal to what was stored; storing again replaces it."""
    registry = EmbeddedRegistry(world.database, world.sealer)
    assert registry.look_up(RIGHT, ASKER, now=NOW) is None
    assert not registry.confirms(RIGHT, ASKER, now=NOW)

    for record in (record_of(NUMBER), replace(record_of(NUMBER), household=None)):
        with world.database.transaction() as session:
            registry.store(session, record)
        assert registry.look_up(RIGHT, ASKER, now=NOW) == record
        assert registry.confirms(RIGHT, ASKER, now=NOW)


def test_nothing_personal_is_stored_in_the_clear(world):
    """Neither the number nor the address can be read from the table."""
    registry = EmbeddedRegistry(world.database, world.sealer)
    with world.database.transaction() as session:
        registry.store(session, record_of(NUMBER))

    with world.database.read() as connection:
        row = connection.execute(sa.select(RegistryRecord.__table__)).one()

    assert NUMBER.encode() not in bytes(row.number_index)
    assert "Thử Nghiệm".encode() not in bytes(row.record_sealed)


@pytest.mark.parametrize(
    "record",
    [RECORD, PersonRecord(as_of=AS_OF), replace(RECORD, residence=None)],
)
def test_records_survive_json(record):
    """Every part, also a missing one, comes back."""
    assert PersonRecord.from_json(record.to_json()) == record


def test_relations_are_of_the_list():
    """An unknown relation is refused where the record is made."""
    with pytest.raises(ValueError, match="relation"):
        HouseholdMember("Trần Bé", "neighbour")
    with pytest.raises(ValueError, match="relation"):
        replace(RECORD.household, relation="neighbour")


def test_a_record_of_nobody_is_not_stored(world):
    """It is found by its person's number."""
    registry = EmbeddedRegistry(world.database, world.sealer)

    with (
        pytest.raises(ValueError, match="person"),
        world.database.transaction() as session,
    ):
        registry.store(session, replace(RECORD, person=None))


@pytest.mark.parametrize(
    "number", [NUMBER, "999085000002", "001085000001", INVENTED.number, "nobody"]
)
def test_every_question_costs_one_statement(world, number):
    """Whether somebody is stored, invented or unknown: a query tells nothing."""
    stored = EmbeddedRegistry(world.database, world.sealer)
    with world.database.transaction() as session:
        stored.store(session, record_of(NUMBER))
    registry = GeneratedRegistry(PEOPLE, stored)
    asked = Question(number, "Trần Văn Thử", "1985")

    with noted_statements() as seen:
        registry.confirms(asked, ASKER, now=NOW)

    assert len(seen) == 1


def test_stored_people_go_before_invented_ones(world):
    """So that the sandbox can change anyone."""
    stored = EmbeddedRegistry(world.database, world.sealer)
    registry = GeneratedRegistry(PEOPLE, stored)
    invented = registry.find(INVENTED.number, now=NOW)
    moved = replace(invented, residence=None)

    with world.database.transaction() as session:
        stored.store(session, moved)

    assert registry.find(INVENTED.number, now=NOW) == moved
    assert registry.find("999085000002", now=NOW) is None


def test_an_invented_card_runs_out(world):
    """Told as it stands on the day of the question."""
    registry = GeneratedRegistry(PEOPLE, EmbeddedRegistry(world.database, world.sealer))
    someone = next(
        record.person
        for record in PEOPLE.people()
        if record.person.card and record.person.card.expires_on
    )
    end = datetime.fromisoformat(f"{someone.card.expires_on}T00:00:00+00:00")

    before = registry.find(someone.number, now=end - timedelta(days=1))
    after = registry.find(someone.number, now=end)

    assert before.person.card.state == someone.card.state
    assert after.person.card.state == "expired"
