"""The keys' changes with their audit events, and the first start of both.

`keys` and `storage` lie below the audit log, so the event writer is handed to the key
store from here: a key that changes without its event cannot be written.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import events
from idp.audit.event import Event
from idp.audit.key_events import KeyGenerated, KeyImported
from idp.audit.log import AuditLog
from idp.storage.database import Database
from idp.storage.key_store import DatabaseRingStore, Recorder, SessionRingStore
from idp.storage.versions import DatabaseVersionStore
from keys.ring import RingKey
from keys.ring_store import KeyChange
from keys.rotation import create_first
from keys.secrets import create_secrets
from keys.signing_keys import Opener, SoftwareOpener
from keys.versions import StoredSealer

_EVENTS: dict[str, Callable[..., Event]] = {
    "generated": KeyGenerated,
    "imported": KeyImported,
    "published": events.KeyPublished,
    "activated": events.KeyActivated,
    "retired": events.KeyRetired,
    "destroyed": events.KeyDestroyed,
    "killed": events.KeyKilled,
}
_REASONED = {"generated", "killed"}


def audited_store(database: Database, audit: AuditLog) -> DatabaseRingStore:
    """Return the key store whose every change is recorded in its own transaction."""
    return DatabaseRingStore(database, _recorder(audit))


def audited_within(session: Session, audit: AuditLog) -> SessionRingStore:
    """Return the same for a transaction that does more than change keys."""
    return SessionRingStore(session, _recorder(audit))


def _recorder(audit: AuditLog) -> Recorder:
    def record(session: Session, change: KeyChange) -> None:
        told = [change.kid, change.ring.name]
        if change.kind in _REASONED:
            told.append(change.reason)
        audit.record(session, _EVENTS[change.kind](*told), now=change.at)

    return record


def initialise_keys(
    database: Database, kek: bytes, *, now: datetime, opener: Opener | None = None
) -> tuple[list[str], list[RingKey]]:
    """Create the secrets and first signing keys that are missing; return what was new.

    `opener` makes the keys, if they are not to be sealed under `kek`. Safe to repeat,
    and to run from several processes at once.
    """
    store = DatabaseRingStore(database)
    names = create_secrets(store, kek, now=now)
    sealer = StoredSealer(DatabaseVersionStore(database), (kek,))
    keys = audited_store(database, AuditLog(sealer))
    created = create_first(keys, opener or SoftwareOpener(kek), now=now)
    return names, created
