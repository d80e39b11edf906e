"""The access token of a request to a protected resource (RFC 6750, RFC 9449 §7).

It comes in the header, or as a bearer token in the form of a POST, never in the URL
(RFC 6750 §2, RFC 9700 §4.3.2).
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from idp.oidc import access_tokens, binding
from idp.oidc.access_tokens import AccessToken
from idp.oidc.errors import BearerRequestError, InvalidTokenError, MissingTokenError
from idp.oidc.request_guard import (
    FORM_TYPE,
    MachineRequest,
    media_type,
    parse_form,
)
from idp.provider import Provider

SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it was sent."""

    scheme: str
    token: str


def access_token(provider: Provider, request: MachineRequest) -> AccessToken:
    """Return the live token for us whose sender holds its key, or raise the refusal."""
    sent = presented(request)
    found = access_tokens.find(provider, sent.token, now=request.at)
    if found is None or provider.config.issuer not in found.audience:
        raise InvalidTokenError("The access token is expired, revoked or not for us")
    cnf = found.claims.get("cnf") or {}
    binding.check(provider, request, cnf, scheme=sent.scheme, token=sent.token)
    return found


def presented(request: MachineRequest) -> Presented:
    """Return the one access token of the request (RFC 6750 §2)."""
    if any(name == "access_token" for name, _ in parse_qsl(request.query)):
        raise BearerRequestError("The access token does not belong in the URL")
    posted = None
    if request.method == "POST" and media_type(request) == FORM_TYPE:
        posted = parse_form(request.body).get("access_token")
    if request.authorization is None:
        if posted is None:
            raise MissingTokenError("No access token")
        return Presented("Bearer", posted)
    if posted is not None:
        raise BearerRequestError("The access token was given twice")
    name, _, token = request.authorization.partition(" ")
    scheme = SCHEMES.get(name.lower())
    if scheme is None or not token.strip():
        raise MissingTokenError("No access token")
    return Presented(scheme, token.strip())


def has_token(request: MachineRequest) -> bool:
    """Say whether the request's proof in the header is an access token."""
    return (request.authorization or "").partition(" ")[0].lower() in SCHEMES


def challenge_scheme(request: MachineRequest) -> str:
    """Return in which scheme a refusal is told (RFC 9449 §7.1)."""
    name = (request.authorization or "").partition(" ")[0]
    is_dpop = request.dpop is not None or name.lower() == "dpop"
    return "DPoP" if is_dpop else "Bearer"
