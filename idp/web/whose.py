"""For whom somebody acts, in words: a ward by name and age, an organisation by name."""

from dataclasses import dataclass
from uuid import UUID

from idp.accounts import ages, identity, organisations
from idp.accounts.principals import Principal
from idp.provider import Provider
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.visit import Visit

RELATIONS = {
    "father": phrase("you are the father"),
    "mother": phrase("you are the mother"),
    "guardian": phrase("you are the guardian"),
    "legal_representative": phrase("you are the legal representative"),
    "authorised_person": phrase("you hold a mandate"),
    "member": phrase("you are a member without a mandate"),
}


@dataclass(frozen=True, slots=True)
class StandIn:
    """Whom a page is about when it is not its reader.

    From an age the child's own assent is asked (Law 91/2025 on personal data).
    """

    id: UUID
    kind: str
    name: str
    relation: str
    needs_assent: bool = False


def name_of(provider: Provider, account_id: UUID) -> str:
    """Return the name of a person's or an organisation's account."""
    with provider.database.read() as connection:
        found = organisations.read_all(connection, provider.sealer, (account_id,))
        if account_id in found:
            return found[account_id].name
        return identity.read_identity(connection, provider.sealer, account_id).full_name


def stand_in(here: Visit, principal: Principal | None) -> StandIn | None:
    """Return whom somebody acts for as pages name them, None for themselves."""
    if principal is None:
        return None
    provider = here.provider
    relation = gettext(RELATIONS[principal.relation])
    with provider.database.read() as connection:
        if principal.kind == "organisation":
            name = organisations.read_details(
                connection, provider.sealer, principal.id
            ).name
            return StandIn(principal.id, principal.kind, name, relation)
        who = identity.read_identity(connection, provider.sealer, principal.id)
    today = here.now.astimezone(presentation.VIETNAM).date()
    age, settings = ages.age_on(who.birth_date, today), provider.config.representation
    return StandIn(
        principal.id,
        principal.kind,
        who.full_name,
        relation,
        needs_assent=settings.assent_from_age <= age < settings.majority_age,
    )
