"""A permission as the citizen who gave it reads it."""

from uuid import UUID

from idp.authentication.session import SignedIn
from idp.consent.grants import GrantView
from idp.web import (
    account_access,
    claim_texts,
    people,
    presentation,
    visit,
    whose,
)
from idp.web.language import gettext
from idp.web.visit import Visit


def _between(here: Visit, member: SignedIn, grant: GrantView) -> str:
    """Return for whom the citizen gave it, or who gave it for the citizen."""
    if grant.actor_id is None:
        return ""
    if grant.actor_id != member.account.id:
        giver = people.person(here.provider, grant.actor_id, is_masked=True)
        return gettext("Given for you by %(name)s", name=giver.name)
    name = whose.name_of(here.provider, grant.account_id)
    return gettext("You gave it for %(name)s", name=name)


def row(here: Visit, member: SignedIn, grant: GrantView) -> dict[str, str | UUID]:
    """Return what the page of permissions shows of one grant."""
    purpose = account_access.purpose(member, f"withdraw:{grant.id}")
    between = _between(here, member, grant)
    return described(here, grant) | {"between": between, "token": here.token(purpose)}


def described(here: Visit, grant: GrantView) -> dict[str, str | UUID]:
    """Return what whoever may see a grant reads of it."""
    party = here.provider.relying_parties.find(grant.client_id)
    asker = visit.asker_of(party) if party else None
    things = claim_texts.labels(grant.claims) or gettext("Only that it is you again")
    return {
        "id": grant.id,
        "name": asker.name if asker else gettext("a former portal"),
        "domain": asker.domain if asker else "",
        "things": things,
        "refused": claim_texts.labels(grant.refused),
        "since": presentation.date_text(grant.granted_at),
        "until": presentation.date_text(grant.expires_at),
        "lasting": "yes" if "offline_access" in grant.scopes else "",
    }
