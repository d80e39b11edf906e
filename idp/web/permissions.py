"""A permission as the citizen who gave it reads it."""

from uuid import UUID

from idp.authentication.session import SignedIn
from idp.consent.grants import GrantView
from idp.web import account_access, claim_texts, presentation, visit
from idp.web.language import gettext
from idp.web.visit import Visit


def row(here: Visit, member: SignedIn, grant: GrantView) -> dict[str, str | UUID]:
    """Return what the page of permissions shows of one grant."""
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
        "token": here.token(account_access.purpose(member, f"withdraw:{grant.id}")),
    }
