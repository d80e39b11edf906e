"""What a credential says: what was asked and allowed, as the registry has it now."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.accounts import lifecycle
from idp.claims.person import PersonReader
from idp.claims.release import Recipient, asked, obstacle, release
from idp.claims.request import ClaimsRequest
from idp.consent import grants, live_grants
from idp.consent.grants import GrantView
from idp.credentials.register import LEVEL
from idp.credentials.residence_credential import CONTENT, ESSENTIAL
from idp.oidc.access_tokens import AccessToken
from idp.oidc.errors import InvalidTokenError
from idp.oidc.wallets.proofs import CredentialRequestError
from idp.provider import Provider


class RegistryAwayError(OAuth2Error):  # type: ignore[misc]
    """The registry does not answer, and a credential says nothing of yesterday."""

    error = "temporarily_unavailable"
    status_code = HTTPStatus.SERVICE_UNAVAILABLE


def of(provider: Provider, token: AccessToken, *, now: datetime) -> dict[str, Any]:
    """Return the content for this token, the residence at least, or refuse."""
    party = provider.relying_parties.find(token.claims["client_id"])
    if party is None:
        raise InvalidTokenError("The client is no longer registered")
    grant, level = token.live.grant, token.claims["authentication_level"]
    recipient = Recipient(party, token.live.account_level, level)
    wishes = ClaimsRequest.from_json({"userinfo": token.claims.get("asked") or {}})
    wanted = asked(token.scopes, wishes).userinfo & grant.claims
    names = {
        claim.name
        for claim in CONTENT
        if claim.name in wanted and obstacle(claim.name, recipient) is None
    }
    if token.live.act or ESSENTIAL not in names:
        # A wallet holds what is its holder's own.
        raise _denied("The residence may not be given")
    person = PersonReader.of(provider).read(grant.account_id, names, now)
    if person.registry_is_down or person.registry_is_stale:
        raise RegistryAwayError("The registry does not answer")
    told = release(names, recipient, allowed=grant.claims, values=person.values).claims
    if ESSENTIAL not in told:
        raise _denied("No residence is known")
    return told


def still_allowed(session: Any, grant: GrantView, *, now: datetime) -> bool:
    """Say whether it holds still, and keep locks and the grant's end waiting.

    A credential that came to be beside them would outlive what takes all of them back.
    """
    level = lifecycle.hold(session, grant.account_id, now=now)
    if level < LEVEL or not grants.hold(session, grant.id):
        return False
    live = live_grants.live_for_token(session, grant.id, now)
    return live is not None and live.is_usable


def _denied(description: str) -> CredentialRequestError:
    return CredentialRequestError("credential_request_denied", description)
