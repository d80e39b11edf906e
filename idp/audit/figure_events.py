"""What happens in bulk: accounts imported, history of use purged."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event, ServiceEvent


@dataclass(frozen=True, slots=True)
class AccountImported(Event):
    """A dossier came from a file, and its account with it, at this level and state."""

    dossier_id: UUID
    import_id: UUID
    kind: str
    level: int
    state: str


@dataclass(frozen=True, slots=True)
class ImportBegan(ServiceEvent):
    """A file of dossiers began to be imported; `digest` is that of its beginning."""

    import_id: UUID
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class ImportEnded(ServiceEvent):
    """A file of dossiers was imported to its end."""

    import_id: UUID
    taken: int
    refused: int


@dataclass(frozen=True, slots=True)
class UsagePurged(ServiceEvent):
    """History of use past its term was deleted (Decree 59/2022 art. 21)."""

    rows: int
    before: str


@dataclass(frozen=True, slots=True)
class RowsPurged(ServiceEvent):
    """Rows past their term were deleted; of the audit log the personal parts alone."""

    table: str
    rows: int
    before: str


@dataclass(frozen=True, slots=True)
class EventsPurged(ServiceEvent):
    """Events of whole months past their term were deleted, as a signed head says."""

    rows: int
    before: str


@dataclass(frozen=True, slots=True)
class EvidencePurged(ServiceEvent):
    """Dossiers that opened no account were emptied of whom they named, and how."""

    rows: int
    before: str
