"""Seal the server's secrets and private keys anew under another key-encryption key."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.sealing_events import KekReplaced
from idp.storage.key_models import KeyRecord, SecretRecord
from keys.envelope import envelope
from keys.ring import Ring
from keys.signing_keys import contexts


def replace_kek(session: Session, audit: AuditLog, kek: bytes, *, now: datetime) -> int:
    """Seal every row under `kek` that is under a former one, all at once.

    Returns how many it were; raises `SealError` if one opens under none of them.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            sa.text(
                "LOCK TABLE signing_keys, server_secrets IN SHARE ROW EXCLUSIVE MODE"
            )
        )
    changed = _secrets(session, kek) + _signing_keys(session, kek)
    if changed:
        audit.record(session, KekReplaced(changed), now=now)
    return changed


def _secrets(session: Session, kek: bytes) -> int:
    sealer, changed = envelope(kek, "server secrets"), 0
    for row in session.scalars(sa.select(SecretRecord)):
        if row.sealed:  # a destroyed version has nothing left
            new = sealer.renewed(row.sealed, contexts=[row.name])
            row.sealed, changed = new or row.sealed, changed + (new is not None)
    return changed


def _signing_keys(session: Session, kek: bytes) -> int:
    sealer, changed = envelope(kek, "signing keys"), 0
    for row in session.scalars(sa.select(KeyRecord)):
        if row.private_sealed is not None:
            places = contexts(Ring.named(row.ring), row.kid)
            new = sealer.renewed(row.private_sealed, contexts=places)
            row.private_sealed = new or row.private_sealed
            changed += new is not None
    return changed
