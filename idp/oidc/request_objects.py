"""Request objects by value (RFC 9101): a client signs its authorization request.

What is inside is the whole request: nothing beside it counts (§6.3). An object is from
this client, for us, and dies within the hour; until then it may come again, since a
citizen may load the page again. Calls to citizens are signed alike (CIBA §7.1.1).
"""

import json
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc9101.errors import InvalidRequestObjectError
from authlib.oidc.core.errors import RequestNotSupportedError

from idp.oidc import assertions
from idp.oidc.assertions import AssertionRefusedError
from idp.oidc.compact_jws import CompactJws
from idp.oidc.request_guard import MAX_FIELDS, MAX_NAME, Form
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty

MAX_LENGTH = 32_768
# FAPI 2.0 Message Signing §5.3.1: no older than an hour, no longer than an hour.
LIFETIME = 3600
LEEWAY = assertions.LEEWAY

_TYPES = ("jwt", "oauth-authz-req+jwt")
_OF_THE_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})


def unpack(
    provider: Provider, party: RelyingParty, params: Form, *, now: datetime
) -> Form:
    """Return the parameters inside `request`, or raise Authlib's refusal.

    A party without keys cannot sign: `RequestNotSupportedError`, as OIDC Core §6.1 says
    for who does not take request objects.
    """
    if "request_uri" in params:
        raise InvalidRequestError("Either request or request_uri (RFC 9101)")
    if not party.has_keys:
        raise RequestNotSupportedError
    alg = party.messages.request_object_alg
    claims = verify(provider, party, params["request"], registered=alg, now=now)
    if "client_id" not in claims:  # RFC 9101 §5
        raise InvalidRequestObjectError("client_id is missing")
    if party.messages.must_sign_requests and "nbf" not in claims:
        raise InvalidRequestObjectError("nbf is missing (FAPI 2.0 Message Signing)")
    return parameters(claims)


def verify(
    provider: Provider,
    party: RelyingParty,
    text: str,
    *,
    registered: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Return what the party signed for us, or raise `InvalidRequestObjectError`."""
    try:
        unverified = assertions.parse(text, longest=MAX_LENGTH)
    except AssertionRefusedError as error:
        raise InvalidRequestObjectError("request is not a signed JWT") from error
    if not assertions.is_signed_by(party, unverified, registered=registered):
        raise InvalidRequestObjectError("request is not signed as registered")
    _check_type(unverified)
    _check_claims(unverified.claims, party, issuer=provider.config.issuer)
    _check_times(unverified.claims, at=now.timestamp())
    return unverified.claims


def _check_type(unverified: CompactJws) -> None:
    # Other JWTs of the client, such as a proof of possession, are no requests (§10.8).
    # A media type, in any case, and without its first part if that is `application`
    # (RFC 7515 §4.1.9).
    named = str(unverified.header.get("typ", "JWT")).lower()
    if named.removeprefix("application/") not in _TYPES:
        raise InvalidRequestObjectError("The request object has another typ")


def _check_claims(claims: dict[str, Any], party: RelyingParty, *, issuer: str) -> None:
    audience = claims.get("aud")
    if claims.get("iss") != party.client_id:
        raise InvalidRequestObjectError("iss must be the client_id")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidRequestObjectError("aud must be the issuer")
    if claims.get("client_id", party.client_id) != party.client_id:
        raise InvalidRequestObjectError("client_id must be that of the request")
    if claims.get("sub") == party.client_id:
        # A client assertion for us would otherwise be a request, too (RFC 9101 §10.8).
        raise InvalidRequestObjectError("sub must not be the client_id")
    if "request" in claims or "request_uri" in claims:  # RFC 9101 §4
        raise InvalidRequestObjectError("A request object holds no other one")


def _check_times(claims: dict[str, Any], *, at: float) -> None:
    expires = _moment(claims, "exp")
    begins = _moment(claims, "nbf") if "nbf" in claims else at
    issued = _moment(claims, "iat") if "iat" in claims else at
    if expires + LEEWAY <= at:
        raise InvalidRequestObjectError("The request object has expired")
    if max(begins, issued) > at + LEEWAY:
        raise InvalidRequestObjectError("The request object is not valid yet")
    if begins + LIFETIME + LEEWAY < at:
        raise InvalidRequestObjectError("nbf is more than an hour ago")
    if expires > begins + LIFETIME + LEEWAY:
        raise InvalidRequestObjectError("exp is more than an hour after nbf, or now")


def _moment(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidRequestObjectError(f"{name} must be a number")
    return value


def parameters(claims: dict[str, Any]) -> Form:
    """Return the claims as the same request's form would be, or raise the refusal."""
    asked = {name: value for name, value in claims.items() if name not in _OF_THE_JWT}
    resources = asked.pop("resource", [])
    if isinstance(resources, str):
        resources = [resources]
    if len(asked) > MAX_FIELDS or any(len(name) > MAX_NAME for name in asked):
        raise InvalidRequestObjectError("The request object has too many parameters")
    texts = {name: _text(value) for name, value in asked.items() if value is not None}
    params = Form({name: text for name, text in texts.items() if text})
    if not isinstance(resources, list):
        raise InvalidRequestObjectError("resource must be a text or a list of texts")
    params.resources = tuple(_text(resource) for resource in resources if resource)
    return params


def _text(value: object) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value)
        text.encode()  # JSON escapes can name half a letter
    except (UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequestObjectError("A parameter is no text") from error
    return text
