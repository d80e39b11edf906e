"""What becomes of the word to portals that a citizen is signed out."""

from dataclasses import dataclass

from idp.audit.event import Event


@dataclass(frozen=True, slots=True)
class PortalNotTold(Event):
    """A portal did not hear of a sign-out, however often it was told; given up."""

    client_id: str
    attempts: int
