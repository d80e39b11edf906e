"""Accounts and a portal that they may allow things."""

import pytest

from idp.relying_parties.registry import RelyingParties
from tests.unit.consent.allowing import Allowing
from tests.unit.relying_parties.parties import metadata
from tests.unit.world import NOW, World, account, new_account, world

__all__ = ["account", "allowing", "new_account", "world"]


@pytest.fixture
def allowing(world: World, account) -> Allowing:
    """Return an account with two registered portals and no grant yet."""
    parties = RelyingParties(world.database, b"c" * 32, sandbox=True)
    for client_id in ("portal", "other"):
        with world.database.transaction() as session:
            parties.add(
                session,
                world.audit,
                metadata(client_id=client_id),
                sandbox=True,
                now=NOW,
            )
    return Allowing(world, account)
