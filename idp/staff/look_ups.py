"""Every look at a citizen's data is written down, and the citizen can read it.

Law 91/2025 on personal data: whoever's data it is may know who processed it and why.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.staff_events import OfficerLookedUp
from idp.staff.officer import Officer

PURPOSES = (
    "enrolment",
    "review",
    "activation",
    "hotline",
    "lock",
    "correction",
    "representation",
    "organisation",
    "security",
)


def note(  # noqa: PLR0913, PLR0917 - the stores, then who looked at whom, why and when
    session: Session,
    audit: AuditLog,
    officer: Officer,
    whose: UUID | str,
    purpose: str,
    now: datetime,
) -> None:
    """Record the look-up of an account, or of a number that none has (yet).

    It is written in the transaction of the look-up itself, before anything is shown.
    Whoever gets an account with the number finds it in their history.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"no such purpose of a look-up: {purpose}")
    account_id, number = (whose, None) if isinstance(whose, UUID) else (None, whose)
    event = OfficerLookedUp(account_id, officer.id, officer.unit.id, purpose)
    audit.record(session, event, now=now, number=number)
