"""The port to the register of organisations: what it knows of one tax code.

It names the legal representative by personal number; only the person with that number
gets an account for the organisation at once (Decree 69/2024 art. 12).
"""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Protocol

from idp.accounts.organisations import Details
from idp.config import OrganisationsConfig
from idp.errors import IdpError
from idp.factors.partner import PartnerError, PartnerService

_SANDBOX = "sandbox_organisations.json"


class SourceDownError(IdpError):
    """The register of organisations does not answer."""

    code = "DD-ORG-503"
    status = HTTPStatus.SERVICE_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class RegisteredOrganisation:
    """What the register says of an organisation today."""

    details: Details
    legal_representative: str = field(repr=False)
    is_dissolved: bool = False


class OrganisationSource(Protocol):
    """Look organisations up by tax code."""

    def find(self, tax_code: str) -> RegisteredOrganisation | None:
        """Return the organisation, or None: unknown; raises `SourceDownError`."""


class NoOrganisations:
    """An installation without the register: officers look at each application."""

    def find(self, tax_code: str) -> RegisteredOrganisation | None:
        """Return None."""
        del tax_code
        return None


class SandboxOrganisations:
    """A few invented organisations of the sandbox's citizens."""

    def __init__(self) -> None:
        self._known = {item.details.tax_code: item for item in sandbox_organisations()}

    def find(self, tax_code: str) -> RegisteredOrganisation | None:
        """Return one of them."""
        return self._known.get(tax_code)


class HttpOrganisations:
    """Post `{"tax_code"}`; `{}` is unknown, else the members of `_read`."""

    def __init__(self, config: OrganisationsConfig) -> None:
        self._service = PartnerService.of(
            config.url, config.token_file, config.timeout, section="organisations"
        )

    def find(self, tax_code: str) -> RegisteredOrganisation | None:
        """Ask the register."""
        try:
            answer = self._service.ask({"tax_code": tax_code})
            return _read(answer | {"tax_code": tax_code}) if answer else None
        except (PartnerError, KeyError, TypeError) as error:
            raise SourceDownError(detail=type(error).__name__) from error


def open_organisations(config: OrganisationsConfig) -> OrganisationSource:
    """Return the source that the configuration names."""
    if config.source == "http":
        return HttpOrganisations(config)
    return SandboxOrganisations() if config.source == "sandbox" else NoOrganisations()


def sandbox_organisations() -> tuple[RegisteredOrganisation, ...]:
    """Return the invented organisations, each with a representative of the sandbox."""
    text = files("idp.enrolment").joinpath(_SANDBOX).read_text(encoding="utf-8")
    return tuple(_read(item) for item in json.loads(text))


def _read(answer: dict[str, Any]) -> RegisteredOrganisation:
    parts = ("name", "tax_code", "head_office", "founded_on")
    texts = {part: answer[part] for part in parts}
    number = answer["legal_representative"]
    if not all(isinstance(text, str) for text in (*texts.values(), number)):
        raise TypeError("a member is no text")
    return RegisteredOrganisation(
        Details(**texts), number, is_dissolved=answer.get("state") == "dissolved"
    )
