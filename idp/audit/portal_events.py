"""What becomes of the word to portals: of sign-outs and of security events."""

from dataclasses import dataclass

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class PortalNotTold(Event):
    """A portal did not hear of a sign-out, however often it was told; given up."""

    client_id: str
    attempts: int


@dataclass(frozen=True, slots=True)
class SignalNotTold(Event):
    """A portal did not take a security event, however often it was told; given up."""

    client_id: str
    attempts: int
