"""The registry that the configuration names."""

from idp.config import Config
from idp.registry import division_lists
from idp.registry.answers import LastAnswers
from idp.registry.divisions import Divisions
from idp.registry.embedded import EmbeddedRegistry
from idp.registry.generated import GeneratedRegistry
from idp.registry.generator import Population
from idp.registry.port import PopulationRegistry
from idp.registry.resilience import Policy, ResilientRegistry
from idp.storage.database import Database
from keys.sealing import Sealer


def open_registry(
    config: Config, database: Database, sealer: Sealer
) -> PopulationRegistry:
    """Return the registry that is asked from now on; its breaker is this process's."""
    if config.registry.source == "soap":
        return _remote(config, database, sealer)
    stored = EmbeddedRegistry(database, sealer)
    if not config.sandbox.enabled:
        return stored  # nobody is invented outside the sandbox
    return GeneratedRegistry(population(config), stored)


def population(config: Config) -> Population:
    """Return the invented people of the configuration."""
    return Population(config.registry.people, config.registry.seed)


def _remote(config: Config, database: Database, sealer: Sealer) -> PopulationRegistry:
    # Only who asks an exchange waits for the SOAP library to load.
    from idp.registry.soap import SoapRegistry  # noqa: PLC0415

    def divisions() -> Divisions:
        with database.read() as connection:
            return division_lists.load(connection)

    return ResilientRegistry(
        SoapRegistry(config.registry, divisions),
        Policy.of(config.registry),
        LastAnswers(database, sealer),
    )
