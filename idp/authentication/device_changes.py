"""Codes are held back when a device comes or goes, as when a phone changes.

Whoever has just added a device of their own, or removed the owner's, gains nothing by
a text message today. What the owner had stays enough: where codes were the only second
way beside the password, they go on.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session as DatabaseSession

from idp.audit.log import AuditLog
from idp.authentication import assurance
from idp.factors import enrolled, holds

_STRONG = 2


def hold_codes(  # noqa: PLR0913 - the stores, then whose and until when
    database: DatabaseSession,
    audit: AuditLog,
    account_id: UUID,
    *,
    has_password: bool,
    until: datetime,
    now: datetime,
) -> None:
    """Hold codes by SMS back, if the ways beside them still reach level 2.

    Called before a device is added and after one was removed: what is new is no way
    that the owner had.
    """
    factors = enrolled.list_enrolled(database, account_id)
    kept = [item.kind for item in factors if item.is_usable(now) and item.kind != "sms"]
    if assurance.ceiling([*(["pwd"] if has_password else []), *kept]) < _STRONG:
        return
    holds.hold(
        database,
        audit,
        account_id,
        "sms",
        until=until,
        ground="device_changed",
        now=now,
    )
