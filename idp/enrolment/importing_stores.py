"""The few long-lived objects that an import and its processes need of a provider."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from idp.audit.log import AuditLog
from idp.config import Config
from idp.storage.database import Database
from idp.storage.opening import open_database, open_sealer
from keys.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Stores:
    """Where rows go, and what seals and tells of them."""

    config: Config
    database: Database
    sealer: Sealer
    audit: AuditLog


@contextmanager
def open_stores(config: Config) -> Iterator[Stores]:
    """Yield the stores that the configuration names; raises `ConfigError`."""
    with closing(open_database(config)) as database:
        sealer = open_sealer(config, database)
        yield Stores(config, database, sealer, AuditLog(sealer))
