"""The keys' changes with their audit events, and the first start of both.

`keys` and `storage` lie below the audit log, so the event writer is handed to the key
store from here: a key that changes without its event cannot be written.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit import events
from idp.audit.log import AuditLog
from idp.storage.database import Database
from idp.storage.key_store import DatabaseRingStore
from idp.storage.versions import DatabaseVersionStore
from keys.ring import KeyChange, RingKey
from keys.rotation import create_first
from keys.secrets import create_secrets
from keys.versions import StoredSealer

_EVENTS = {
    "published": events.KeyPublished,
    "activated": events.KeyActivated,
    "retired": events.KeyRetired,
    "destroyed": events.KeyDestroyed,
}


def audited_store(database: Database, audit: AuditLog) -> DatabaseRingStore:
    """Return the key store whose every change is recorded in its own transaction."""

    def record(session: Session, change: KeyChange) -> None:
        event = _EVENTS[change.kind](kid=change.kid, ring=change.ring)
        audit.record(session, event, now=change.at)

    return DatabaseRingStore(database, record)


def initialise_keys(
    database: Database, kek: bytes, *, now: datetime
) -> tuple[list[str], list[RingKey]]:
    """Create the secrets and first signing keys that are missing; return what was new.

    Safe to repeat, and to run from several processes at once.
    """
    store = DatabaseRingStore(database)
    names = create_secrets(store, kek, now=now)
    sealer = StoredSealer(DatabaseVersionStore(database), (kek,))
    audit = AuditLog(sealer)
    created = create_first(audited_store(database, audit), kek, now=now)
    return names, created
