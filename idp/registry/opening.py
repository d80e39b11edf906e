"""The registry that the configuration names."""

from idp.config import Config
from idp.registry.embedded import EmbeddedRegistry
from idp.registry.generated import GeneratedRegistry
from idp.registry.generator import Population
from idp.registry.port import PopulationRegistry
from idp.storage.database import Database
from keys.sealing import Sealer


def open_registry(
    config: Config, database: Database, sealer: Sealer
) -> PopulationRegistry:
    """Return the registry that is asked from now on."""
    stored = EmbeddedRegistry(database, sealer)
    if not config.sandbox.enabled:
        return stored  # nobody is invented outside the sandbox
    return GeneratedRegistry(population(config), stored)


def population(config: Config) -> Population:
    """Return the invented people of the configuration."""
    return Population(config.registry.people, config.registry.seed)
