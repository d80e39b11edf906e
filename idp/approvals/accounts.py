"""Locks that a command asks for: an authority's letter is never one person's to act on.

Decree 69/2024 art. 15. On the pages one officer enters the letter and another decides
(`idp.locks.requests`); what comes by command waits here, for the same officers: of the
place, and without a stake (Law 36/2018 art. 23).
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts import places
from idp.accounts.contacts import read_contacts
from idp.approvals.kinds import Afterwards, Kind, Payload, Services
from idp.factors import notices
from idp.locks import placing
from idp.staff import own_case
from idp.staff.errors import RoleError
from idp.staff.officer import Officer

LOCK, UNLOCK = "account.lock", "account.unlock"
ROLES = ("lock_officer",)


def _lock(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    account_id, ground = UUID(payload["account_id"]), payload["ground"]
    known = read_contacts(session, services.sealer, account_id)
    asked = {"ground": ground, "asker": payload["asker"], "by": by, "now": now}
    placing.lock(services, session, account_id, **asked)
    what = placing.told_of_lock(ground)
    return partial(notices.warn, services, known, what, now) if what else None


def _unlock(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    account_id, ground = UUID(payload["account_id"]), payload["ground"]
    known = read_contacts(session, services.sealer, account_id)
    asked = {"ground": ground, "asker": payload["asker"], "by": by, "now": now}
    what = placing.told(placing.unlock(services, session, account_id, **asked))
    return partial(notices.warn, services, known, what, now) if what else None


def _check(
    services: Services,
    session: Session,
    officer: Officer,
    payload: Payload,
    *,
    now: datetime,
) -> None:
    """Raise for an officer's own affair, and for another province's account."""
    account_id = UUID(payload["account_id"])
    own_case.refuse(session, services.sealer, officer, account_id, now=now)
    if not officer.unit.serves(places.read_province(session, account_id)):
        raise RoleError(detail="another province's account")


def _account(payload: Payload) -> str:
    return str(payload["account_id"])


KINDS = {
    LOCK: Kind(ROLES, _lock, _account, _check),
    UNLOCK: Kind(ROLES, _unlock, _account, _check),
}
