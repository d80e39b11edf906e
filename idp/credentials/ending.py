"""What takes credentials back: a pure table of audit events, and the one hook for it.

Whoever places a lock, ends a grant, replaces a number or lowers a level need not know
of wallets: the event that they record is heard here, in the transaction of the effect.
What was taken back stays so (Token Status List §7.1): a thief may have had it issued to
a key of their own, and the holder fetches a new one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from idp.audit.event import Event
from idp.audit.events import (
    GrantEnded,
    LevelChanged,
    LockPlaced,
    NumberReplaced,
    StateChanged,
)
from idp.audit.log import AuditLog
from idp.credentials import register

_REASONS: Mapping[type[Event], Callable[[Any], str | None]] = {
    GrantEnded: lambda event: event.reason,
    LevelChanged: lambda event: "level_lost" if event.after < register.LEVEL else None,
    LockPlaced: lambda _: "locked",
    NumberReplaced: lambda _: "number_replaced",
    StateChanged: lambda event: "closed" if event.after == "closed" else None,
}


def record(audit: AuditLog, session: Session, event: Event, *, now: datetime) -> None:
    """Take back what the event ends: a grant's credentials, or all of the account."""
    read = _REASONS.get(type(event))
    reason = read(event) if read else None
    if reason is None or event.account_id is None:
        return
    grant_id = event.grant_id if isinstance(event, GrantEnded) else None
    register.revoke(
        session, audit, event.account_id, reason, now=now, grant_id=grant_id
    )
