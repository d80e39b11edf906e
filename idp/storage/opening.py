"""Open the stores that the configuration names."""

from pathlib import Path

import sqlalchemy as sa

from idp.config import Config
from idp.errors import BusyError, ConfigError
from idp.storage.database import Database
from idp.storage.embedded import EmbeddedStore
from idp.storage.ephemeral import EphemeralStore
from idp.storage.key_material import open_kek
from idp.storage.key_store import DatabaseRingStore
from idp.storage.redis_store import RedisStore
from idp.storage.versions import DatabaseVersionStore
from keys.errors import KeyMaterialError, StoreUnreachableError
from keys.sealing import Sealer
from keys.secrets import ServerSecrets
from keys.versions import StoredSealer

_EMBEDDED = "embedded:"


def open_database(config: Config) -> Database:
    """Return the relational database; it is connected to when first used."""
    try:
        url = sa.make_url(config.database.url)
    except sa.exc.ArgumentError as error:
        raise ConfigError("database.url is not a database URL") from error
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError("database.url must be sqlite:///… or postgresql+psycopg://…")
    if config.database.password_file is not None:
        url = url.set(password=_read(config.database.password_file))
    return Database(url, pool_size=config.database.pool_size)


def open_ephemeral(config: Config) -> EphemeralStore:
    """Return the ephemeral store; Redis is connected to when first used."""
    url = config.ephemeral.url
    if url.startswith(_EMBEDDED):
        try:
            return EmbeddedStore(Path(url.removeprefix(_EMBEDDED)))
        except BusyError as error:
            raise ConfigError(f"ephemeral.url: {error.detail}") from error
    file = config.ephemeral.password_file
    try:
        return RedisStore(url, password=None if file is None else _read(file))
    except ValueError as error:
        raise ConfigError(f"ephemeral.url: {error}") from error


def open_secrets(config: Config, database: Database) -> ServerSecrets:
    """Return the server's secrets, or raise `ConfigError` that says what is missing."""
    try:
        kek = open_kek(config)
        return ServerSecrets.load(DatabaseRingStore(database), kek)
    except (KeyMaterialError, StoreUnreachableError) as error:
        raise ConfigError(str(error)) from error


def open_sealer(config: Config, database: Database) -> Sealer:
    """Return the sealer of columns, which follows the versions of its keys."""
    try:
        return StoredSealer(
            DatabaseVersionStore(database),
            (open_kek(config),),
            reread_after=config.keys.reread_after,
        )
    except (KeyMaterialError, StoreUnreachableError) as error:
        raise ConfigError(str(error)) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
