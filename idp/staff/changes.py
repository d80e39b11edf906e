"""What an administrator changes of officers: at once, or asked for where it takes two.

Decided under the lock of the officer's row, so that no parallel change slips between.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.config.staff import StaffConfig
from idp.staff import people, requests
from idp.staff.officer import ADMINISTRATOR, Officer
from idp.staff.requests import Asked, never_oneself
from keys.sealing import Sealer


def takes_two(roles: Collection[str], former: Collection[str]) -> bool:
    """Say whether one administrator alone may not put `roles` in place of `former`.

    Taking away is quick, but for an administrator's own role; no role comes from one.
    """
    is_lost = ADMINISTRATOR in former and ADMINISTRATOR not in roles
    return is_lost or not set(roles) <= set(former)


def change_roles(  # noqa: PLR0913, PLR0917 - the stores, then who gives whom which
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    config: StaffConfig,
    officer: Officer,
    staff_id: UUID,
    roles: Collection[str],
    *,
    now: datetime,
) -> Asked | None:
    """Give an officer exactly these roles, or ask for what takes two."""
    never_oneself(officer, staff_id)
    if takes_two(roles, people.hold_roles(session, staff_id)):
        stores = (session, audit, sealer, config)
        return requests.ask(*stores, officer, "roles", staff_id, roles, now=now)
    people.set_roles(session, audit, staff_id, roles, by=str(officer.id), now=now)
    return None


def disable(  # noqa: PLR0913, PLR0917 - the stores, then who ends whom
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    config: StaffConfig,
    officer: Officer,
    staff_id: UUID,
    *,
    now: datetime,
) -> Asked | None:
    """End an officer's account, or ask: an administrator's takes two."""
    never_oneself(officer, staff_id)
    roles = people.hold_roles(session, staff_id)
    if staff_id in people.administrators(session):
        stores = (session, audit, sealer, config)
        return requests.ask(*stores, officer, "disable", staff_id, roles, now=now)
    people.disable(session, audit, staff_id, by=str(officer.id), now=now)
    return None
