"""The issuer's endpoints for wallets and verifiers (OpenID4VCI 1.0 §7, §8)."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.credentials import issuing, register, residence_credential, status_list
from idp.credentials.issuing import EndedError, Holder
from idp.credentials.residence_credential import SCOPE
from idp.oidc import errors, protected
from idp.oidc.access_tokens import AccessToken
from idp.oidc.errors import (
    InsufficientAuthenticationError,
    InsufficientScopeError,
    InvalidTokenError,
    json_answer,
)
from idp.oidc.request_guard import MachineRequest, MachineResponse, media_type
from idp.oidc.wallets import content, details, metadata, nonces
from idp.oidc.wallets.proofs import CredentialRequestError, proven_keys
from idp.provider import Provider

_IDENTIFIER = "credential_identifier"
_OUR_CONFIGURATION = ("credential_configuration_id", residence_credential.CONFIGURATION)
_NAMES = (_IDENTIFIER, _OUR_CONFIGURATION[0])

Answer = Callable[[Provider, MachineRequest], MachineResponse]


class AbsentError(OAuth2Error):  # type: ignore[misc]
    """There is no such thing here; also all of it where credentials are off."""

    error = "not_found"
    status_code = HTTPStatus.NOT_FOUND


def nonce(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with a fresh nonce (§7.2)."""
    return json_answer(200, {"c_nonce": nonces.fresh(provider, request.at)})


def issuer_metadata(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with what the issuer can issue (§12.2.2)."""
    del request
    return _cached(provider, metadata.credential_issuer(provider.config))


def jwt_vc_issuer(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with where the issuer's keys are (SD-JWT VC §4)."""
    del request
    return _cached(provider, metadata.jwt_vc_issuer(provider.config))


def status(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with a status list token (Token Status List §8.1)."""
    asked = parse_qs(request.query).get("list", [])
    is_number = len(asked) == 1 and asked[0].isascii() and asked[0].isdecimal()
    if not is_number or len(asked[0]) > 9 or str(int(asked[0])) != asked[0]:
        raise AbsentError("No such list")
    found = provider.status_lists.find(provider, int(asked[0]), now=request.at)
    if found is None:
        raise AbsentError("No such list")
    token, age = found
    return MachineResponse(
        HTTPStatus.OK,
        token.encode("ascii"),
        (
            ("Content-Type", status_list.MEDIA_TYPE),
            ("Cache-Control", f"public, max-age={age}"),
        ),
    )


def issue(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Answer with a credential for each key that the wallet proves (§8)."""
    token = protected.access_token(provider, request)
    if SCOPE not in token.scopes:
        raise InsufficientScopeError(f"The access token lacks the scope {SCOPE}")
    if token.claims["authentication_level"] < register.AUTHENTICATION_LEVEL:
        raise InsufficientAuthenticationError(register.ACR)
    asked = _asked(token, request)
    client_id = token.claims["client_id"]
    values = content.of(provider, token, now=request.at)
    keys = proven_keys(
        provider, asked.get("proofs"), client_id=client_id, now=request.at
    )
    _count(provider, token, len(keys))
    grant = token.live.grant
    holder = Holder(grant.account_id, grant.id, client_id, values)

    def still(session: Any) -> bool:
        return content.still_allowed(session, grant, now=request.at)

    try:
        issued = issuing.issue(provider, holder, keys, still=still, now=request.at)
    except EndedError as error:
        raise InvalidTokenError("The permission has ended") from error
    return json_answer(200, {"credentials": [{"credential": one} for one in issued]})


def when_open(answer: Answer) -> Answer:
    """Return the endpoint as it is for whom credentials are off: absent."""

    def answered(provider: Provider, request: MachineRequest) -> MachineResponse:
        if not provider.config.credentials.enabled:
            raise AbsentError("Credentials are not issued here")
        return answer(provider, request)

    return answered


def _asked(token: AccessToken, request: MachineRequest) -> dict[str, Any]:
    """Return the request's object; it names our one credential (§8.2)."""
    if media_type(request) != "application/json":
        raise _unreadable("The body must be application/json")
    try:
        asked = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise _unreadable("The body is not JSON") from error
    if not isinstance(asked, dict):
        raise _unreadable("The body is no object")
    if "credential_response_encryption" in asked:
        raise CredentialRequestError(
            "invalid_encryption_parameters", "Answers are not encrypted"
        )
    _check_name(token, asked)
    return asked


def _count(provider: Provider, token: AccessToken, wanted: int) -> None:
    """Refuse a token that fetches credentials without end."""
    counted = provider.ephemeral.count(
        f"wallet-issued:{token.claims['jti']}",
        ttl=provider.config.lifetimes.access_token,
        by=wanted,
    )
    if counted > provider.config.credentials.per_token:
        raise CredentialRequestError(
            "credential_request_denied", "This token has fetched enough credentials"
        )


def _check_name(token: AccessToken, asked: dict[str, Any]) -> None:
    """Refuse another credential; details are answered by an identifier (§6.2)."""
    by_details = details.asks(token.claims.get("authorization_details", ()))
    right = (_IDENTIFIER, details.IDENTIFIER) if by_details else _OUR_CONFIGURATION
    named = [(name, asked[name]) for name in _NAMES if name in asked]
    if named == [right]:
        return
    if len(named) == len(_NAMES):
        raise _unreadable("Identifier and configuration are not given both")
    kind = "identifier" if _IDENTIFIER in asked else "configuration"
    raise CredentialRequestError(
        f"unknown_credential_{kind}", "This token reaches no such credential"
    )


def _unreadable(description: str) -> CredentialRequestError:
    return CredentialRequestError("invalid_credential_request", description)


def _cached(provider: Provider, document: dict[str, Any]) -> MachineResponse:
    age = provider.config.keys.jwks_max_age
    headers = (
        ("Content-Type", "application/json"),
        ("Cache-Control", f"public, max-age={age}"),
    )
    return MachineResponse(HTTPStatus.OK, errors.dump(document), headers)
