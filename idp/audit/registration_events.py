"""Rights to register clients over HTTP (RFC 7591), given and used."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import ServiceEvent


@dataclass(frozen=True, slots=True)
class ClientSuspended(ServiceEvent):
    """An officer stopped a portal at once, for a reason."""

    client_id: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class ClientResumed(ServiceEvent):
    """Two officers let a suspended portal work again."""

    client_id: str
    by: str


@dataclass(frozen=True, slots=True)
class InitialTokenIssued(ServiceEvent):
    """An operator let somebody register so many clients."""

    token_id: UUID
    uses: int


@dataclass(frozen=True, slots=True)
class InitialTokenEnded(ServiceEvent):
    """An operator took back what was left of such a right."""

    token_id: UUID


@dataclass(frozen=True, slots=True)
class InitialTokenUsed(ServiceEvent):
    """A client was registered with an operator's token."""

    token_id: UUID
    client_id: str


@dataclass(frozen=True, slots=True)
class RegistrationTokenIssued(ServiceEvent):
    """A client got the token by which it manages its own registration."""

    client_id: str
