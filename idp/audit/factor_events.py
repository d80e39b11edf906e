"""What happens to factors: enrolled, proven, held back, retired, refused."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class CredentialEnrolled(Event):
    """A factor was enrolled."""

    credential_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class CredentialRetired(Event):
    """A factor was taken out of use."""

    credential_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class CredentialUsed(Event):
    """An enrolled factor was proven."""

    credential_id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class ChipVerified(Event):
    """A card was read and believed; the evidence is in the sealed part."""

    purpose: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChipRefused(Event):
    """A card was read and refused, for this reason."""

    purpose: str
    reason: str


@dataclass(frozen=True, slots=True)
class CardReportedLost(Event):
    """A card was reported lost or stolen."""

    ground: str


@dataclass(frozen=True, slots=True)
class LostCardCleared(Event):
    """The report of a lost card was withdrawn."""


@dataclass(frozen=True, slots=True)
class PasskeySuspended(Event):
    """A passkey's counter went back, as a copy's does: it proves nothing any more."""

    credential_id: UUID


@dataclass(frozen=True, slots=True)
class CredentialHeld(Event):
    """A factor proves nothing until a time: its phone or SIM is new."""

    credential_id: UUID
    kind: str
    ground: str
    until: str


@dataclass(frozen=True, slots=True)
class RecoveryCodesMade(Event):
    """An account got new recovery codes; the former ones ended."""

    codes: int


@dataclass(frozen=True, slots=True)
class RecoveryCodeUsed(Event):
    """A recovery code was used up."""

    remaining: int


@dataclass(frozen=True, slots=True)
class RecoveryEnded(Event):
    """A way back in was gone to its end: what was set, and by which proofs."""

    what: str
    proofs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceRemembered(Event):
    """A browser was marked as known after a success."""
