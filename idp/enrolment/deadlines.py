"""Until when a dossier is decided, counted in working days."""

from datetime import UTC, datetime, time, timedelta

from idp.accounts.calendar import HANOI, Calendar
from idp.config import EnrolmentConfig
from idp.enrolment.kinds import working_days


def due(
    kind: str, submitted_at: datetime, calendar: Calendar, config: EnrolmentConfig
) -> datetime:
    """Return the end of the last working day for the decision (D69 art. 13).

    The day of submission does not count (Civil Code 2015 art. 147.2), and a term ends
    at 24:00 of its last day (art. 148.6), in Viet Nam's time.
    """
    first = submitted_at.astimezone(HANOI).date()
    last = calendar.after(first, working_days(kind, config))
    midnight = datetime.combine(last + timedelta(days=1), time(), HANOI)
    return midnight.astimezone(UTC)


def is_overdue(due_at: datetime, now: datetime) -> bool:
    """Say whether the term has run out."""
    return now >= due_at
