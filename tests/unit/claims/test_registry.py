"""The embedded registry keeps records sealed and gives them back unchanged."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from idp.claims.models import RegistryRecord
from idp.claims.person_record import HouseholdMember, PersonRecord
from idp.claims.registry import EmbeddedRegistry
from tests.unit.claims.records import AS_OF, RECORD
from tests.unit.world import NOW, on_each_backend

NUMBER = "999085000001"


@on_each_backend
def test_a_stored_record_is_found(world):
    """Equal to what was stored; storing again replaces it."""
    registry = EmbeddedRegistry(world.database, world.sealer)
    assert registry.find(NUMBER, now=NOW) is None

    for record in (RECORD, replace(RECORD, household=None)):
        with world.database.transaction() as session:
            registry.store(session, NUMBER, record)
        assert registry.find(NUMBER, now=NOW) == record


def test_nothing_personal_is_stored_in_the_clear(world):
    """Neither the number nor the address can be read from the table."""
    registry = EmbeddedRegistry(world.database, world.sealer)
    with world.database.transaction() as session:
        registry.store(session, NUMBER, RECORD)

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
