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
    OAuth2Error,
    UnsupportedResponseTypeError,
)
from authlib.oidc.core.errors import (
    RegistrationNotSupportedError,
    RequestURINotSupportedError,
)

from idp.authentication.transaction import AuthorizationRequest
from idp.errors import IdpError
from idp.oidc import request_objects, requested
from idp.oidc.request_guard import Form, legible
from idp.oidc.response_modes import DEFAULT, MODES, ReplyTo
from idp.oidc.server import AuthorizationServer, protocol_request
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty, redirect_uri_allowed

MAX_LENGTH = 4096

UNKNOWN_CLIENT = "DD-OIDC-001"
SUSPENDED_CLIENT = "DD-OIDC-007"
FOREIGN_REDIRECT_URI = "DD-OIDC-002"
NO_REDIRECT_URI = "DD-OIDC-003"
MALFORMED = "DD-OIDC-004"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# These have limits of their own, and line breaks are lawful in JSON.
_LONG = frozenset({"authorization_details", "claims", "id_token_hint", "request"})


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
        return requested.read(server, party, params, now=now)
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


def is_plain(params: Form) -> bool:
    """Say whether every parameter is short and plain text, as all must be."""
    plain = [value for name, value in params.items() if name not in _LONG]
    return not any(
        len(value) > MAX_LENGTH or _CONTROL.search(value)
        for value in (*plain, *params.resources)
    )


def _known_party(server: AuthorizationServer, params: Form) -> RelyingParty:
    if not is_plain(params):
        raise UntrustedRequestError("a parameter is too long or not plain text")
    return party_at_work(server.provider, params.get("client_id", ""))


def party_at_work(provider: Provider, client_id: str) -> RelyingParty:
    """Return the portal, or raise what tells people that it is unknown or suspended."""
    party = provider.relying_parties.find(client_id)
    if party is None and provider.relying_parties.is_suspended(client_id):
        raise UntrustedRequestError("suspended client", code=SUSPENDED_CLIENT)
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
    must_push = party.require_par or server.provider.config.requests.must_push
    if must_push and not is_pushed:
        raise InvalidRequestError("This request must be pushed (RFC 9126)")
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
