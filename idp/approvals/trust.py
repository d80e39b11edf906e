"""The chip trust store takes two: a CSCA's key makes any card believed.

So does a card that was reported lost and is to be believed again.
"""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from idp.approvals.kinds import Afterwards, Kind, Payload, Services
from idp.factors import chip_lost, chip_trust
from idp.staff.errors import StaffChangeError
from keys.sealing import BlindIndex

CHANGE, FOUND = "trust.change", "trust.found"
ROLES = ("security",)


def importing(data: bytes, *, source: str) -> dict[str, Any]:
    """Return the payload of an import: the file as it was read, and its name."""
    return {"source": source, "file": base64.b64encode(data).decode(), "removed": []}


def removing(digests: Iterable[str]) -> dict[str, Any]:
    """Return the payload of a removal, by whole digests in hex."""
    removed = sorted(digests)
    return {"source": ", ".join(one[:16] for one in removed), "removed": removed}


def finding(index: BlindIndex, account_id: UUID | None) -> dict[str, Any]:
    """Return the payload by which a report of a lost card is withdrawn."""
    account = str(account_id) if account_id else None
    versions = [one.hex() for one in index.versions]
    return {"card": card_of(index), "index": versions, "account_id": account}


def card_of(index: BlindIndex) -> str:
    """Return what a reported card is called; nothing of its number is in it."""
    return index.hex()[:16]


def file_of(payload: Payload) -> bytes | None:
    """Return the file that is to be imported."""
    encoded = payload.get("file")
    return base64.b64decode(encoded) if encoded else None


def _change(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Import the file, or remove what is named; the file is read anew, in full."""
    del by
    for digest in payload["removed"]:
        chip_trust.remove(session, services.audit, digest, now=now)
    data = file_of(payload)
    if data is not None:
        loaded = chip_trust.read_file(session.connection(), data, now=now)
        kept = chip_trust.keep(
            session, services.audit, loaded, source=payload["source"], now=now
        )
        if not (kept.added or kept.superseded):
            raise StaffChangeError("nothing in the file is new")
    return None


def _found(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Withdraw the report, unless it is gone already."""
    del by
    index = BlindIndex([bytes.fromhex(one) for one in payload["index"]], 1)
    account_id = UUID(payload["account_id"]) if payload["account_id"] else None
    if not chip_lost.remove(
        session, services.audit, index, account_id=account_id, now=now
    ):
        raise StaffChangeError("no such report")
    return None


def _card(payload: Payload) -> str:
    return str(payload["card"])


def _source(payload: Payload) -> str:
    return str(payload["source"])


KINDS = {
    CHANGE: Kind(ROLES, _change, _source),
    FOUND: Kind(ROLES, _found, _card),
}
