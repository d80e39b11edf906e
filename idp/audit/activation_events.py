"""Events of activation: the account began to be used, its time was opened again."""

from dataclasses import dataclass
from uuid import UUID

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class AccountActivated(Event):
    """The holder activated the account, with a passcode or a passkey."""

    second: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class ActivationPermitted(Event):
    """A hotline operator opened the time to activate the account again."""

    officer_id: UUID
    unit_id: UUID | None
    until: str
