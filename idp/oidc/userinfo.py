"""The userinfo endpoint (OIDC Core §5.3): what the grant allows now, no more.

The bearer token comes in the header or in the form of a POST, never in the URL
(RFC 6750 §2, RFC 9700 §4.3.2). Withdrawal acts at once: the grant is read each time.
"""

from typing import Any
from urllib.parse import parse_qsl

from idp import clock
from idp.oidc import access_tokens, person_claims
from idp.oidc.errors import (
    NO_STORE,
    BearerRequestError,
    InsufficientScopeError,
    InvalidTokenError,
    MissingTokenError,
    json_answer,
)
from idp.oidc.person_claims import Listener
from idp.oidc.request_guard import (
    FORM_TYPE,
    MachineRequest,
    MachineResponse,
    media_type,
    parse_form,
)
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty


def userinfo(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with the claims of the token's owner, as JSON or as a signed JWT."""
    token = access_tokens.find(provider, bearer_token(request), now=request.at)
    if token is None or provider.config.issuer not in token.audience:
        raise InvalidTokenError("The access token is expired, revoked or not for us")
    if "openid" not in token.scopes:
        raise InsufficientScopeError("The access token lacks the scope openid")
    party = provider.relying_parties.find(token.claims["client_id"])
    if party is None:
        raise InvalidTokenError("The client is no longer registered")
    listener = Listener(
        party, token.live, token.claims["authentication_level"], request.at
    )
    asked = token.claims.get("asked") or {}
    claims = person_claims.for_userinfo(provider, listener, token.scopes, asked)
    claims["sub"] = token.claims["sub"]
    if token.live.act:
        claims["act"] = token.live.act
    if party.userinfo_alg is None:
        return json_answer(200, claims)
    return _signed(provider, party, claims, request)


def bearer_token(request: MachineRequest) -> str:
    """Return the one bearer token of the request (RFC 6750 §2)."""
    if any(name == "access_token" for name, _ in parse_qsl(request.query)):
        raise BearerRequestError("The access token does not belong in the URL")
    posted = None
    if request.method == "POST" and media_type(request) == FORM_TYPE:
        posted = parse_form(request.body).get("access_token")
    if request.authorization is None:
        if posted is None:
            raise MissingTokenError("No access token")
        return posted
    if posted is not None:
        raise BearerRequestError("The access token was given twice")
    scheme, _, token = request.authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise MissingTokenError("No bearer token")
    return token.strip()


def _signed(
    provider: Provider,
    party: RelyingParty,
    claims: dict[str, Any],
    request: MachineRequest,
) -> MachineResponse:
    """Return the claims as a JWT for this client alone (OIDC Core §5.3.2)."""
    protocol = {
        "iss": provider.config.issuer,
        "aud": party.client_id,
        "iat": clock.timestamp(request.at),
    }
    signed = provider.rings.sign(
        claims | protocol, alg=str(party.userinfo_alg), typ="JWT", now=request.at
    )
    headers = (("Content-Type", "application/jwt"), *NO_STORE)
    return MachineResponse(200, signed.encode("ascii"), headers)
