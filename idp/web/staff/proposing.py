"""What officers propose on their pages, for another to decide (`idp.approvals`)."""

from typing import Any
from uuid import UUID

from idp.approvals import proposals
from idp.staff.officer import Officer
from idp.web.visit import Visit


def propose(
    here: Visit, officer: Officer, kind: str, payload: dict[str, Any], reason: str
) -> UUID:
    """Keep an officer's proposal and return its name; nothing happens yet."""
    provider = here.provider
    with provider.database.transaction() as database:
        stores = (database, provider.audit, provider.config.staff)
        return proposals.propose(*stores, kind, payload, reason, officer, now=here.now)
