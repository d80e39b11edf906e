"""The part of the running provider that rights need."""

from typing import Protocol

from idp.authentication import session_changes
from idp.claims.person import Sources
from idp.errors import IdpError
from idp.factors import notices


class Services(session_changes.Services, notices.Services, Sources, Protocol):
    """Sessions, warnings, the registry, stores and keys."""


class RightError(IdpError):
    """The right cannot be used as things stand."""

    code = "DD-RIGHT-001"
