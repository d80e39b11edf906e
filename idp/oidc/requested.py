"""What an authorization request asks, read from its parameters one by one.

Here is what OpenID Connect and its extensions say of each; that the client and its
redirect URI are proven is `authorization_request`'s part.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError

from idp.authentication.login_hint import seal_hint
from idp.authentication.transaction import AuthorizationRequest
from idp.claims.request import InvalidClaimsError, parse_claims
from idp.config import Config
from idp.credentials.register import ACR as CREDENTIAL_ACR
from idp.credentials.residence_credential import SCOPE as CREDENTIAL_SCOPE
from idp.oidc import authorization_details
from idp.oidc.errors import InvalidTargetError
from idp.oidc.id_token_hint import verify_hint
from idp.oidc.request_guard import Form
from idp.oidc.response_modes import DEFAULT
from idp.oidc.server import AuthorizationServer
from idp.oidc.wallets import details as credential
from idp.relying_parties.members import is_absolute_uri
from idp.relying_parties.record import RelyingParty

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
MAX_RESOURCES = 8

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS = re.compile(r"[0-9]{1,9}")


def read(
    server: AuthorizationServer, party: RelyingParty, params: Form, *, now: datetime
) -> AuthorizationRequest:
    """Return what the parameters of this client ask, or raise Authlib's refusal."""
    text, config = params.get("authorization_details"), server.provider.config
    details = authorization_details.read(text, party, config)
    scopes = _scopes(party, params, details, config)
    claims = _claims(params)
    if details:
        asked = authorization_details.data_of(details)
        claims["userinfo"] = {**claims.get("userinfo", {}), **asked}
    essential, wished = _acr_claim(claims.get("id_token") or {})
    acr_values = (*params.get("acr_values", "").split(), *wished)
    if not acr_values and not essential:
        is_for_wallet = CREDENTIAL_SCOPE in scopes
        acr_values = (CREDENTIAL_ACR,) if is_for_wallet else party.default_acr_values
    return AuthorizationRequest(
        client_id=party.client_id,
        redirect_uri=params.get("redirect_uri", ""),
        response_mode=params.get("response_mode", DEFAULT),
        scopes=scopes,
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
        resource=_resources(server, party, params),
        dpop_jkt=_dpop_jkt(params),
    )


def _scopes(
    party: RelyingParty,
    params: Form,
    details: Iterable[Mapping[str, Any]],
    config: Config,
) -> tuple[str, ...]:
    asked = dict.fromkeys(params.get("scope", "").split())
    if credential.asks(details):
        asked[CREDENTIAL_SCOPE] = None
    if not config.credentials.enabled:
        asked.pop(CREDENTIAL_SCOPE, None)
    known = {"openid", *party.scopes}
    kept = tuple(scope for scope in asked if scope in known)
    if not {"openid", CREDENTIAL_SCOPE}.intersection(kept):
        # Core §3.1.2.1 leaves it open; a wallet alone may want no sign-in.
        raise InvalidScopeError("The scope must contain openid")
    return kept


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


def _resources(
    server: AuthorizationServer, party: RelyingParty, params: Form
) -> tuple[str, ...]:
    if len(params.resources) > MAX_RESOURCES:
        raise InvalidTargetError("Too many resources")
    if not all(is_absolute_uri(resource) for resource in params.resources):
        raise InvalidTargetError("resource must be an absolute URI (RFC 8707)")
    for resource in params.resources:
        if resource != server.provider.config.issuer and not party.may_name(resource):
            raise InvalidTargetError("resource is not registered for this client")
    return params.resources
