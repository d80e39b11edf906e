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
    "complaint",
    "inspection",
)


def note(  # noqa: PLR0913, PLR0917 - the stores, then who looked at whom, why and when
    session: Session,
    audit: AuditLog,
    officer: Officer,
    whose: UUID | str | None,
    purpose: str,
    now: datetime,
    because: str = "",
) -> None:
    """Record the look-up of an account, or of a number that none has (yet).

    None is nobody: a receipt that no dossier has. What the officer typed as the reason
    is sealed beside the event, and the citizen reads it.

    It is written in the transaction of the look-up itself, before anything is shown.
    Whoever gets an account with the number finds it in their history.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"no such purpose of a look-up: {purpose}")
    account_id, number = (None, whose) if isinstance(whose, str) else (whose, None)
    event = OfficerLookedUp(
        account_id,
        officer.id,
        officer.unit.id,
        purpose,
        personal={"reason": because} if because else None,
    )
    audit.record(session, event, now=now, number=number)
