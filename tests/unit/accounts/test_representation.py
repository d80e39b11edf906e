"""Guardians and wards."""

import pytest

from idp.accounts.lifecycle import LifecycleError
from idp.accounts.representation import appoint, wards_of
from tests.unit.world import NOW


def test_a_level_2_holder_acts_for_a_ward(world, new_account):
    """The ward is found by the guardian; the ward's own log tells of it."""
    guardian, ward = new_account(level=2), new_account(level=1)
    with world.database.transaction() as session:
        appoint(
            session, world.audit, representative_id=guardian.id, ward_id=ward.id,
            relation="mother", now=NOW,
        )  # fmt: skip
    with world.database.read() as connection:
        found = wards_of(connection, guardian.id, now=NOW)
        assert wards_of(connection, ward.id, now=NOW) == []
    assert [(item.account_id, item.relation) for item in found] == [(ward.id, "mother")]
    assert world.events(ward.id)[0] == "RepresentationBegan"


@pytest.mark.parametrize("relation", ["mother", "friend"])
def test_level_1_and_strange_relations_are_refused(world, new_account, relation):
    """A representative has level 2, the relation is a known one."""
    guardian = new_account(level=1 if relation == "mother" else 2)
    ward = new_account()
    with pytest.raises(LifecycleError), world.database.transaction() as session:
        appoint(
            session, world.audit, representative_id=guardian.id, ward_id=ward.id,
            relation=relation, now=NOW,
        )  # fmt: skip
