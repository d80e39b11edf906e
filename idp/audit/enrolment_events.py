"""What happens to dossiers: filed, taken up, granted, refused, withdrawn, told."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class DossierFiled(Event):
    """Somebody applied for an account or a higher level."""

    dossier_id: UUID
    kind: str
    channel: str
    consent_version: str | None = None
    filed_by: UUID | None = None
    officer_id: UUID | None = None
    unit_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DossierTaken(Event):
    """An officer began to review a dossier."""

    dossier_id: UUID
    officer_id: UUID


@dataclass(frozen=True, slots=True)
class DossierGranted(Event):
    """A dossier was granted, by an officer or by rule (`system`)."""

    dossier_id: UUID
    kind: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class DossierRefused(Event):
    """A dossier was refused, for this reason."""

    dossier_id: UUID
    kind: str
    decided_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class DossierWithdrawn(Event):
    """An applicant took a dossier back."""

    dossier_id: UUID
    kind: str
    decided_by: str
