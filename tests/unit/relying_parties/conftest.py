"""A registry of relying parties on a database."""

import pytest

from idp.relying_parties.registry import RelyingParties
from tests.unit.relying_parties.registered import Registered
from tests.unit.world import World, world

__all__ = ["registered", "world"]


@pytest.fixture
def registered(world: World) -> Registered:
    """Return an empty registry of a sandbox, which looks anew at each question."""
    parties = RelyingParties(world.database, b"c" * 32, sandbox=True, max_age=0)
    return Registered(world, parties)
