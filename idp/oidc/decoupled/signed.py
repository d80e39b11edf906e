"""Signed calls (CIBA §7.1.1): the request is in a JWT, and nothing of it beside it.

Unlike a browser's request, a call comes once: its `jti` is spent.
"""

from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc9101.errors import InvalidRequestObjectError
from authlib.oidc.core.errors import RequestNotSupportedError

from idp.oidc import assertions, request_objects
from idp.oidc.request_guard import Form
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty

_PROOF = frozenset({"client_id", "client_secret", "client_assertion"})
_BESIDE = _PROOF | {"client_assertion_type", "request"}
_REQUIRED = ("exp", "iat", "jti", "nbf")


def unpack(
    provider: Provider, party: RelyingParty, params: Form, *, now: datetime
) -> Form:
    """Return what is asked, signed as the party registered, or raise the refusal."""
    alg = party.messages.call_alg
    if "request" not in params:
        if alg or party.messages.must_sign_requests:
            raise InvalidRequestError("This client must sign its calls (CIBA 7.1.1)")
        return params
    if alg is None:
        raise RequestNotSupportedError
    if params.resources or not _BESIDE.issuperset(params):
        raise InvalidRequestError("Beside request stands the client's proof alone")
    try:
        claims = request_objects.verify(
            provider, party, params["request"], registered=alg, now=now
        )
        inside = request_objects.parameters(claims)
    except InvalidRequestObjectError as error:
        # CIBA §13 knows no finer error.
        raise InvalidRequestError(error.description) from error
    for name in _REQUIRED:
        if name not in claims:
            raise InvalidRequestError(f"{name} is missing (CIBA 7.1.1)")
    jti, ttl = claims["jti"], claims["exp"] + assertions.LEEWAY - now.timestamp()
    if not isinstance(jti, str) or not 1 <= len(jti) <= assertions.MAX_JTI:
        raise InvalidRequestError("jti must be a string of 1 to 255 characters")
    if not assertions.is_first(provider, "call", party.client_id, jti, ttl=ttl):
        raise InvalidRequestError("jti was used before")
    return inside
