"""How a person is shown: by name, and by the end of their number."""

from dataclasses import dataclass
from uuid import UUID

from idp.accounts import identifiers, identity
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.authentication.login_hint import open_hint
from idp.provider import Provider
from idp.web import presentation
from idp.web.visit import Step


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the account chooser and on their own page."""

    id: UUID
    name: str
    number: str


def person(provider: Provider, account_id: UUID, *, is_masked: bool) -> Person:
    """Return name and number; masked, no more of the number than its end."""
    with provider.database.read() as connection:
        who = identity.read_identity(connection, provider.sealer, account_id)
        number = identifiers.current_number(connection, provider.sealer, account_id)
    shown = identifiers.mask_number if is_masked else presentation.number_text
    return Person(account_id, who.full_name, shown(number))


def hinted_number(step: Step) -> str:
    """Return a portal's `login_hint` for the field, if it is a personal number."""
    asked, provider = step.transaction.request, step.visit.provider
    if asked is None or not asked.login_hint:
        return ""
    try:
        number = identifiers.parse_personal_number(
            open_hint(provider.sealer, asked.login_hint),
            sandbox=provider.config.sandbox.enabled,
            now=step.visit.now,
        )
    except InvalidPersonalNumberError:
        return ""
    return presentation.number_text(number)
