"""Killed keys: what was decided, and which portals took our word."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import ServiceEvent


@dataclass(frozen=True, slots=True)
class KeyIncidentBegun(ServiceEvent):
    """A killed key's tokens are refused; the choice is what lives on of its grants."""

    incident_id: UUID
    kid: str
    ring: str
    grants: str
    sessions: str
    by: str


@dataclass(frozen=True, slots=True)
class KeyIncidentOver(ServiceEvent):
    """Nothing is left to end; so many grants, sign-ins and credentials were ended."""

    incident_id: UUID
    grants_ended: int
    sessions_ended: int
    credentials_ended: int


@dataclass(frozen=True, slots=True)
class KeyWarningSent(ServiceEvent):
    """A portal's registered contacts were written to about a killed key."""

    incident_id: UUID
    client_id: str
    letters: int


@dataclass(frozen=True, slots=True)
class KeyWarningTaken(ServiceEvent):
    """A portal took the security event about a killed key."""

    client_id: str
    notice_id: UUID
