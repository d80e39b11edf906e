"""Authorization requests: read, checked and made ours, by whichever way they came.

The order is what keeps redirects safe: the client and its redirect URI are verified
before anything else, and what is wrong until then becomes a page (RFC 6749 §4.1.2.1);
what is wrong after that goes back to the client. Authlib checks what RFC 6749 and 7636
say, this module what OpenID Connect adds.
"""

import re
from datetime import datetime

from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    UnsupportedResponseTypeError,
)
from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestNotSupportedError,
    RequestURINotSupportedError,
)

from idp.authentication.login_hint import seal_hint
from idp.authentication.transaction import AuthorizationRequest
from idp.claims.request import InvalidClaimsError, parse_claims
from idp.errors import IdpError
from idp.oidc import authorization_details, request_objects
from idp.oidc.errors import InvalidTargetError
from idp.oidc.id_token_hint import verify_hint
from idp.oidc.request_guard import Form, legible
from idp.oidc.response_modes import DEFAULT, MODES, ReplyTo
from idp.oidc.server import AuthorizationServer, protocol_request
from idp.relying_parties.members import is_absolute_uri
from idp.relying_parties.record import RelyingParty, redirect_uri_allowed

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
MAX_LENGTH = 4096
MAX_RESOURCES = 8

UNKNOWN_CLIENT = "DD-OIDC-001"
FOREIGN_REDIRECT_URI = "DD-OIDC-002"
NO_REDIRECT_URI = "DD-OIDC-003"
MALFORMED = "DD-OIDC-004"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS = re.compile(r"[0-9]{1,9}")
# These have limits of their own, and line breaks are lawful in JSON.
_LONG = frozenset({"authorization_details", "claims", "id_token_hint", "request"})
# What a client without a browser may ask for (RFC 8628 §3.1).
_DECOUPLED = (
    "scope", "acr_values", "max_age", "claims", "id_token_hint", "ui_locales",
)  # fmt: skip


class UntrustedRequestError(IdpError):
    """Wrong before the redirect URI can be trusted: a page, never a redirect."""

    code = MALFORMED


class RefusedRequestError(Exception):
    """The request is refused, and its client is told so at its redirect URI."""

    def __init__(self, error: OAuth2Error, reply: ReplyTo) -> None:
        super().__init__(str(error))
        self.error = error
        self.reply = reply


def parse_request(
    server: AuthorizationServer, params: Form, *, now: datetime, is_pushed: bool
) -> AuthorizationRequest:
    """Return the request that these parameters make.

    Raises `UntrustedRequestError`, or `RefusedRequestError` once the redirect URI is
    verified.
    """
    is_signed = "request" in params
    if is_signed:
        params = _unpacked(server, params, now=now, is_pushed=is_pushed)
    party = _verified_party(server, params)
    try:
        if party.messages.must_sign_requests and not is_signed:
            raise InvalidRequestError("This client must sign its requests (RFC 9101)")
        _check_protocol(server, party, params, is_pushed=is_pushed)
        return _build(server, party, params, now=now)
    except OAuth2Error as error:
        raise RefusedRequestError(error, _reply(party, params)) from error


def _unpacked(
    server: AuthorizationServer, params: Form, *, now: datetime, is_pushed: bool
) -> Form:
    party = _known_party(server, params)
    try:
        return request_objects.unpack(server.provider, party, params, now=now)
    except OAuth2Error as error:
        if is_pushed:
            raise
        # What the object says cannot be believed; the address beside it can, if it is
        # registered, and otherwise the refusal is a page.
        if "redirect_uri" not in params:
            raise UntrustedRequestError("the request object is refused") from error
        party = _verified_party(server, params)
        raise RefusedRequestError(error, _reply(party, params)) from error


def _reply(party: RelyingParty, params: Form) -> ReplyTo:
    mode = params.get("response_mode", DEFAULT)
    return ReplyTo(
        client_id=party.client_id,
        redirect_uri=params["redirect_uri"],
        response_mode=mode if mode in MODES else DEFAULT,
        state=params.get("state"),
    )


def decoupled_request(
    server: AuthorizationServer, party: RelyingParty, params: Form, *, now: datetime
) -> AuthorizationRequest:
    """Return what a proven client asks without a browser (RFC 8628 §3.1).

    The same rules hold for what it may ask; only the redirect and PKCE have no place.
    """
    if not _is_plain(params):
        raise InvalidRequestError("A parameter is too long or not plain text")
    if "request" in params:
        raise RequestNotSupportedError
    kept = Form((name, params[name]) for name in _DECOUPLED if name in params)
    kept.resources = params.resources
    return _build(server, party, kept, now=now)


def _is_plain(params: Form) -> bool:
    plain = [value for name, value in params.items() if name not in _LONG]
    return not any(
        len(value) > MAX_LENGTH or _CONTROL.search(value)
        for value in (*plain, *params.resources)
    )


def _known_party(server: AuthorizationServer, params: Form) -> RelyingParty:
    if not _is_plain(params):
        raise UntrustedRequestError("a parameter is too long or not plain text")
    party = server.provider.relying_parties.find(params.get("client_id", ""))
    if party is None:
        raise UntrustedRequestError("unknown client", code=UNKNOWN_CLIENT)
    return party


def _verified_party(server: AuthorizationServer, params: Form) -> RelyingParty:
    party = _known_party(server, params)
    redirect_uri = params.get("redirect_uri")
    if redirect_uri is None:
        # OpenID Connect Core §3.1.2.1 requires it, however many are registered.
        raise UntrustedRequestError("no redirect_uri", code=NO_REDIRECT_URI)
    if not redirect_uri_allowed(party, redirect_uri):
        raise UntrustedRequestError(
            "redirect_uri is not registered", code=FOREIGN_REDIRECT_URI
        )
    return party


def _check_protocol(
    server: AuthorizationServer, party: RelyingParty, params: Form, *, is_pushed: bool
) -> None:
    if "request_uri" in params:
        raise RequestURINotSupportedError
    if "registration" in params:
        raise RegistrationNotSupportedError
    if party.require_par and not is_pushed:
        raise InvalidRequestError("This client must push its requests (RFC 9126)")
    if params.get("response_mode", DEFAULT) not in MODES:
        raise InvalidRequestError("Unknown response_mode")
    if "response_type" not in params:
        raise InvalidRequestError("Missing response_type")
    if params["response_type"] != "code":
        # Authlib repeats the value, and stumbles over one that no answer may hold.
        raise UnsupportedResponseTypeError(legible(params["response_type"]))
    server.get_consent_grant(
        protocol_request(server.provider, method="GET", params=params)
    )
    has_challenge = "code_challenge" in params
    if party.require_nonce and not has_challenge and "nonce" not in params:
        raise InvalidRequestError("Without PKCE this client must send a nonce")


def _build(
    server: AuthorizationServer, party: RelyingParty, params: Form, *, now: datetime
) -> AuthorizationRequest:
    details = authorization_details.read(params.get("authorization_details"), party)
    claims = _claims(params)
    if details:
        asked = authorization_details.data_of(details)
        claims["userinfo"] = {**claims.get("userinfo", {}), **asked}
    essential, wished = _acr_claim(claims.get("id_token") or {})
    acr_values = (*params.get("acr_values", "").split(), *wished)
    if not acr_values and not essential:
        acr_values = party.default_acr_values
    return AuthorizationRequest(
        client_id=party.client_id,
        redirect_uri=params.get("redirect_uri", ""),
        response_mode=params.get("response_mode", DEFAULT),
        scopes=_scopes(party, params),
        state=params.get("state"),
        nonce=params.get("nonce"),
        code_challenge=params.get("code_challenge"),
        prompt=_prompt(params),
        max_age=_max_age(params, party),
        acr_values=acr_values,
        essential_acr=essential,
        login_hint=_login_hint(server, params),
        hinted_subject=_hinted_subject(server, party, params, claims, now=now),
        ui_locales=tuple(params.get("ui_locales", "").split()),
        claims=claims,
        authorization_details=details,
        resource=_resources(params),
        dpop_jkt=_dpop_jkt(params),
    )


def _scopes(party: RelyingParty, params: Form) -> tuple[str, ...]:
    asked = dict.fromkeys(params.get("scope", "").split())
    if "openid" not in asked:
        # Core §3.1.2.1 leaves it open; we are an OpenID provider and nothing less.
        raise InvalidScopeError("The scope must contain openid")
    return tuple(scope for scope in asked if scope in party.scopes or scope == "openid")


def _prompt(params: Form) -> tuple[str, ...]:
    prompt = tuple(dict.fromkeys(params.get("prompt", "").split()))
    if not PROMPTS.issuperset(prompt):
        raise InvalidRequestError("Unknown prompt")
    if "none" in prompt and len(prompt) > 1:
        raise InvalidRequestError("prompt none stands alone")
    return prompt


def _max_age(params: Form, party: RelyingParty) -> int | None:
    if "max_age" not in params:
        return party.default_max_age
    if not _SECONDS.fullmatch(params["max_age"]):
        raise InvalidRequestError("max_age must be a number of seconds")
    return int(params["max_age"])


def _claims(params: Form) -> dict[str, dict[str, object]]:
    try:
        claims: dict[str, dict[str, object]] = parse_claims(
            params.get("claims")
        ).to_json()
    except InvalidClaimsError as error:
        raise InvalidRequestError(f"claims: {error.description}") from error
    return claims


def _acr_claim(id_token: dict[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # Core §5.5.1.1: `acr` as an essential claim must be met, otherwise it is a wish.
    values = _claim_values(id_token.get("acr"))
    member = id_token.get("acr")
    is_essential = isinstance(member, dict) and member.get("essential") is True
    return (values, ()) if is_essential else ((), values)


def _claim_values(member: object) -> tuple[str, ...]:
    if not isinstance(member, dict):
        return ()
    values = [member["value"]] if "value" in member else member.get("values", [])
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise InvalidRequestError("claims: value and values must be strings")
    return tuple(values)


def _login_hint(server: AuthorizationServer, params: Form) -> str | None:
    hint = params.get("login_hint")
    return hint and seal_hint(server.provider.sealer, hint)


def _hinted_subject(
    server: AuthorizationServer,
    party: RelyingParty,
    params: Form,
    claims: dict[str, dict[str, object]],
    *,
    now: datetime,
) -> str | None:
    hinted = set(_claim_values((claims.get("id_token") or {}).get("sub")))
    hinted |= set(_claim_values((claims.get("userinfo") or {}).get("sub")))
    if "id_token_hint" in params:
        hint = verify_hint(server.provider, params["id_token_hint"], now=now)
        if hint.client_id != party.client_id:
            raise InvalidRequestError("id_token_hint is of another client")
        hinted.add(hint.subject)
    if len(hinted) > 1:
        raise InvalidRequestError("The request names more than one subject")
    return hinted.pop() if hinted else None


def _dpop_jkt(params: Form) -> str | None:
    thumbprint = params.get("dpop_jkt")
    if thumbprint is not None and not _THUMBPRINT.fullmatch(thumbprint):
        # A code that is bound to no possible key would never be redeemed.
        raise InvalidRequestError("dpop_jkt must be a SHA-256 thumbprint (RFC 9449)")
    return thumbprint


def _resources(params: Form) -> tuple[str, ...]:
    if len(params.resources) > MAX_RESOURCES:
        raise InvalidTargetError("Too many resources")
    if not all(is_absolute_uri(resource) for resource in params.resources):
        raise InvalidTargetError("resource must be an absolute URI (RFC 8707)")
    return params.resources
