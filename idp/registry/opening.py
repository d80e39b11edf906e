"""The registry that the configuration names."""

from idp.config import Config
from idp.registry.embedded import EmbeddedRegistry
from idp.registry.port import PopulationRegistry
from idp.storage.database import Database
from keys.sealing import Sealer


def open_registry(
    config: Config, database: Database, sealer: Sealer
) -> PopulationRegistry:
    """Return the registry that is asked from now on."""
    del config
    return EmbeddedRegistry(database, sealer)
