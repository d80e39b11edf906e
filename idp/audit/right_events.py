"""What people do with their rights over their data (Law 91/2025)."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class DataExported(Event):
    """A holder took a copy of their data."""


@dataclass(frozen=True, slots=True)
class CorrectionAsked(Event):
    """A holder asked for a correction."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class CorrectionAnswered(Event):
    """An officer answered a wish for a correction."""

    request_id: UUID
    officer_id: UUID


@dataclass(frozen=True, slots=True)
class ProcessingRestricted(Event):
    """A holder stopped the use of their data for portals."""


@dataclass(frozen=True, slots=True)
class ProcessingAllowed(Event):
    """A holder allowed the use of their data for portals again."""


@dataclass(frozen=True, slots=True)
class ClosingAsked(Event):
    """A holder asked to close the account."""

    due_at: str


@dataclass(frozen=True, slots=True)
class ClosingTakenBack(Event):
    """A holder took the wish to close the account back."""


@dataclass(frozen=True, slots=True)
class DataErased(Event):
    """The personal values of a closed account were erased, of so many rows."""

    rows: int
