"""What a key ceremony leaves behind: the key-encryption key's file, rows, events."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from idp import clock
from idp.audit.key_changes import audited_store, initialise_keys
from idp.audit.key_events import KekKept
from idp.audit.log import AuditLog
from idp.cli import two_persons
from idp.config import Config
from idp.config.key_clocks import key_clocks
from idp.errors import ConfigError
from idp.storage.database import Database
from idp.storage.key_material import custody
from idp.storage.key_store import DatabaseRingStore
from idp.storage.migration import is_current
from idp.storage.versions import DatabaseVersionStore
from keys.kek import create_kek, fingerprint, read_kek, rewrap_kek
from keys.ring import RingKey
from keys.rotation import Rotator
from keys.sealing import KEY_BYTES
from keys.signing_keys import Opener
from keys.versions import StoredSealer

NEW = "new"
_WAYS = {
    "file": "in clear, guarded by the file's owner and mode alone",
    "passphrase": "sealed under a passphrase that is asked at each start",
    "pkcs11": "encrypted under a key that never leaves its token",
}


@dataclass(frozen=True, slots=True)
class KekPlan:
    """The key-encryption key of a ceremony, and what becomes of its file."""

    key: bytes = field(repr=False)
    is_new: bool
    path: Path
    source: str

    @property
    def told(self) -> str:
        """What will be done, or was, in one sentence."""
        act = "Make the key" if self.is_new else "Wrap anew the same key"
        return f"{act} that seals all others: {self.path}, {_WAYS[self.source]}."


@dataclass(frozen=True, slots=True)
class Work:
    """What the ceremony works with, and the keys that it makes."""

    kek: bytes = field(repr=False)
    plan: KekPlan | None
    opener: Opener
    keys: list[RingKey] = field(default_factory=list)


def plan_kek(config: Config, database: Database, lies: str) -> KekPlan:
    """Return a new key, or the one whose file `lies` as told, opened."""
    path, source = config.keys.kek_file, config.keys.kek_source
    if lies != NEW:
        return KekPlan(read_kek(path, custody(config, lies)), False, path, source)
    if path.exists():
        raise ConfigError(f"{path} exists: say how it lies there, --kek file for one")
    if not is_current(database):
        raise ConfigError("the database is not migrated: run `idp db upgrade` first")
    if DatabaseRingStore(database).secrets():
        raise ConfigError(
            f"{path} is missing, and the database is sealed under it: bring it back"
        )
    return KekPlan(secrets.token_bytes(KEY_BYTES), True, path, source)


def write_down(config: Config, database: Database, work: Work, digest: str) -> None:
    """Put the key-encryption key into its file and the keys into their rings."""
    now, plan = clock.now(), work.plan
    if plan and plan.is_new:
        create_kek(plan.path, custody(config), plan.key)
        initialise_keys(database, plan.key, now=now, opener=work.opener)
    audit = AuditLog(StoredSealer(DatabaseVersionStore(database), (work.kek,)))
    if plan:
        event = KekKept(plan.source, fingerprint(plan.key), digest)
        with database.transaction() as session:
            audit.record(session, event, now=now)
            if not plan.is_new:
                named, why = fingerprint(plan.key), f"ceremony, record {digest}"
                two_persons.note(config, session, audit, "keys.rewrap", named, why)
                rewrap_kek(plan.path, plan.key, custody(config))
    rotator = Rotator(audited_store(database, audit), work.opener, key_clocks(config))
    rotator.admit(work.keys, now=now, how="generated", record=digest)
