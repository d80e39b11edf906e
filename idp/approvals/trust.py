"""The chip trust store takes two: a CSCA's key makes any card believed."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from idp.approvals.kinds import Afterwards, Kind, Payload, Services
from idp.factors import chip_trust
from idp.staff.errors import StaffChangeError

CHANGE = "trust.change"
ROLES = ("security",)


def importing(data: bytes, *, source: str) -> dict[str, Any]:
    """Return the payload of an import: the file as it was read, and its name."""
    return {"source": source, "file": base64.b64encode(data).decode(), "removed": []}


def removing(digests: Iterable[str]) -> dict[str, Any]:
    """Return the payload of a removal, by whole digests in hex."""
    removed = sorted(digests)
    return {"source": ", ".join(one[:16] for one in removed), "removed": removed}


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


def _source(payload: Payload) -> str:
    return str(payload["source"])


KINDS = {CHANGE: Kind(ROLES, _change, _source)}
