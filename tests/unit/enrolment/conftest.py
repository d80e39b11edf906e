"""A world with settings, and dossiers in it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from idp.accounts.identity import Identity
from idp.config import Config
from idp.enrolment.record import NewDossier
from tests.unit.world import World, account, new_account, world

__all__ = ["account", "new_account", "services", "world"]

# A Monday, 09:00 in Hanoi.
NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
PHONE = "+84912345678"


@dataclass(frozen=True)
class Services(World):
    """What dossiers need of a provider."""

    config: Config


@pytest.fixture
def services(world: World) -> Services:
    """Return the world with the default settings."""
    return Services(world.database, world.sealer, world.audit, Config())


def a_dossier(**values) -> NewDossier:
    """Return what an invented person applies with."""
    identity = Identity(
        family_name="Nguyễn", given_name="Thử", birth_date="1990", gender="female"
    )
    return NewDossier(
        **{
            "kind": "level1",
            "channel": "online",
            "identity": identity,
            "number": "001190000001",
            "phone": PHONE,
        }
        | values
    )
