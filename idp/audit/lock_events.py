"""What becomes of authorities' requests to lock and unlock, and of callers'."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class AuthorityAsked(Event):
    """An officer entered an authority's request."""

    request_id: UUID
    change: str
    ground: str
    officer_id: UUID


@dataclass(frozen=True, slots=True)
class AuthorityForwarded(Event):
    """An officer forwarded a request to whoever decides."""

    request_id: UUID
    officer_id: UUID


@dataclass(frozen=True, slots=True)
class AuthorityAnswered(Event):
    """Another officer agreed to a request, or refused it."""

    request_id: UUID
    outcome: str
    officer_id: UUID


@dataclass(frozen=True, slots=True)
class UnlockPermitted(Event):
    """A hotline operator let the holder open the account again, by codes of their own.

    `until` is an ISO date and time.
    """

    officer_id: UUID
    unit_id: UUID | None
    until: str


@dataclass(frozen=True, slots=True)
class UnlockPermitWithdrawn(Event):
    """The holder locked once more, and what the hotline had allowed ended."""
