"""What custody needs of the running provider."""

from typing import Protocol

from idp.authentication import session_changes
from idp.custody.sightings import Sightings
from idp.factors.mail import MailGateway
from keys.rotation import Rotator


class Services(session_changes.Services, Protocol):
    """The part of the running provider that moves keys and tells of it."""

    @property
    def rotator(self) -> Rotator:
        """Return what moves the rings on."""

    @property
    def sightings(self) -> Sightings:
        """Return who fetched the key set, as far as this process saw it."""

    @property
    def mail(self) -> MailGateway:
        """Return the way to mailboxes."""
