"""What two officers decide, and what one person did without the second.

`by` is an officer's id, or `command` for whoever runs the server.
"""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import ServiceEvent


@dataclass(frozen=True, slots=True)
class ProposalMade(ServiceEvent):
    """Somebody proposed what takes two, for a reason."""

    proposal_id: UUID
    kind: str
    subject: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ProposalDecided(ServiceEvent):
    """An officer took a command's proposal up, approved, refused or withdrew one."""

    proposal_id: UUID
    decision: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class GlassBroken(ServiceEvent):
    """What takes two was done by command at once, for a reason."""

    glass_id: UUID
    act: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class GlassAcknowledged(ServiceEvent):
    """An officer has seen that the glass was broken."""

    glass_id: UUID
    by: str
