"""The userinfo endpoint (OIDC Core §5.3): what the grant allows now, no more.

Withdrawal acts at once: the grant is read each time.
"""

from typing import Any

from idp import clock
from idp.authentication.assurance import satisfies
from idp.logs import note_client
from idp.oidc import encryption, person_claims, protected
from idp.oidc.errors import (
    NO_STORE,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    InvalidTokenError,
    dump,
    json_answer,
)
from idp.oidc.person_claims import Listener
from idp.oidc.request_guard import MachineRequest, MachineResponse
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty


def userinfo(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with the claims of the token's owner, as JSON or as a JWT."""
    token = protected.access_token(provider, request)
    if "openid" not in token.scopes:
        raise InsufficientScopeError("The access token lacks the scope openid")
    party = provider.relying_parties.find(token.claims["client_id"])
    if party is None:
        raise InvalidTokenError("The client is no longer registered")
    note_client(party.client_id)
    if party.minimum_acr and not satisfies(token.earned, party.minimum_acr):
        raise InsufficientAuthenticationError(party.minimum_acr)
    listener = Listener(
        party, token.live, token.claims["authentication_level"], request.at
    )
    asked = token.claims.get("asked") or {}
    claims = person_claims.for_userinfo(provider, listener, token.scopes, asked)
    claims["sub"] = token.claims["sub"]
    # Its ID token came in the same answer: the client took it for a good one.
    provider.sightings.came_back(party.client_id, token.claims["iat"], request.at)
    if token.live.act:
        claims["act"] = token.live.act
    if party.userinfo_alg is not None:
        return _as_jwt(party, _signed(provider, party, claims, request), cty="JWT")
    if "userinfo" in party.messages.encryption:
        return _as_jwt(party, dump(claims).decode(), cty=None)
    return json_answer(200, claims)


def _signed(
    provider: Provider,
    party: RelyingParty,
    claims: dict[str, Any],
    request: MachineRequest,
) -> str:
    """Return the claims as a JWT for this client alone (OIDC Core §5.3.2)."""
    protocol = {
        "iss": provider.config.issuer,
        "aud": party.client_id,
        "iat": clock.timestamp(request.at),
    }
    return provider.rings.sign(
        claims | protocol,
        purpose="id_token",
        alg=str(party.userinfo_alg),
        typ="JWT",
        now=request.at,
    )


def _as_jwt(party: RelyingParty, content: str, *, cty: str | None) -> MachineResponse:
    body = encryption.encrypt(party, "userinfo", content, cty=cty)
    headers = (("Content-Type", "application/jwt"), *NO_STORE)
    return MachineResponse(200, body.encode("ascii"), headers)
