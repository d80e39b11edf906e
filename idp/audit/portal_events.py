"""Portals' calls to citizens, and the word to portals: sign-outs, security events."""

from dataclasses import dataclass

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class CitizenCalled(Event):
    """A portal called a citizen; of no account if nobody was to find the call."""

    client_id: str


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
