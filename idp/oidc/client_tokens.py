"""Tokens of a client itself (RFC 6749 §4.4): about nobody, for our own APIs alone.

They have no grant, no session and no refresh. Whoever takes one asks `sender`;
what takes tokens of citizens never finds it, since it stands on no consent.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidScopeError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from idp import clock
from idp.oidc import access_tokens, binding, client_auth, protected
from idp.oidc.errors import (
    InsufficientScopeError,
    InvalidTargetError,
    InvalidTokenError,
)
from idp.oidc.grants import TokenAnswer
from idp.oidc.request_guard import MachineRequest
from idp.oidc.tokens import ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE
from idp.provider import Provider
from idp.relying_parties.metadata import CLIENT_CREDENTIALS
from idp.relying_parties.policy import has_citizens
from idp.relying_parties.record import RelyingParty

INTROSPECT = "introspect"
MANAGE, READ = "ssf.manage", "ssf.read"
_INCLUDED = {READ: MANAGE}  # CAEP Interoperability Profile 1.0 §2.7.3


class ClientCredentialsGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """A client's proof of itself for a token of its own (RFC 6749 §4.4.2)."""

    GRANT_TYPE = CLIENT_CREDENTIALS
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(m for m in client_auth.METHODS if m != "none")

    def validate_token_request(self) -> None:
        """Prove the client, and refuse a scope that it has no use for."""
        request = self.request
        request.client = self.authenticate_token_endpoint_client()
        request.client.require_grant(self.GRANT_TYPE)
        asked = set(request.form.get("scope", "").split())
        if not asked <= set(scopes_of(request.client.party)):
            raise InvalidScopeError("The scope is not one of this client's own")
        if not {self.server.provider.config.issuer}.issuperset(request.form.resources):
            raise InvalidTargetError("A client's own token is for us alone (RFC 8707)")

    def create_token_response(self) -> TokenAnswer:
        """Sign a short token; nothing is stored, and nothing refreshes it (§4.4.3)."""
        provider, request = self.server.provider, self.request
        party, now = request.client.party, request.machine.at
        asked = request.form.get("scope", "").split() or scopes_of(party)
        shown = binding.confirm(provider, request.machine, party)
        cnf = shown.cnf if shown else None
        life, issued = provider.config.lifetimes.access_token, clock.timestamp(now)
        issuer, scope = provider.config.issuer, " ".join(asked)
        claims = {
            "iss": issuer,
            "sub": party.client_id,  # RFC 9068 §2.2: no citizen is in it
            "aud": issuer,
            "client_id": party.client_id,
            "scope": scope,
            "iat": issued,
            "exp": issued + life,
            "jti": secrets.token_urlsafe(16),
            **({"cnf": cnf} if cnf else {}),
        }
        token = provider.rings.sign(
            claims,
            purpose="access_token",
            alg=ACCESS_TOKEN_ALGORITHM,
            typ=ACCESS_TOKEN_TYPE,
            now=now,
        )
        answer: dict[str, Any] = {
            "access_token": token,
            "token_type": binding.token_type(cnf),
            "expires_in": life,
            "scope": scope,
        }
        return 200, answer, []


def scopes_of(party: RelyingParty) -> tuple[str, ...]:
    """Return what a client may do as itself.

    Hear of its citizens, and ask about tokens for its own APIs, if it has any.
    """
    own = (INTROSPECT,) if party.resources else ()
    return (*own, MANAGE, READ) if has_citizens(party.grant_types) else own


def find(
    provider: Provider, token: str, *, now: datetime
) -> tuple[dict[str, Any], RelyingParty] | None:
    """Return the claims of a client's own token that works, and whose it is."""
    claims = access_tokens.signed_claims(provider, token, now=now)
    if claims is None or access_tokens.is_about_somebody(claims):
        return None
    if provider.ephemeral.get(_revocation(claims)) is not None:
        return None
    party = provider.relying_parties.find(claims["client_id"])
    if party is None or CLIENT_CREDENTIALS not in party.grant_types:
        return None
    return claims, party


def revoke(provider: Provider, claims: Mapping[str, Any], *, now: datetime) -> None:
    """Let a client's own token work no more, for the rest of its life (RFC 7009 §2)."""
    rest = claims["exp"] - now.timestamp()
    provider.ephemeral.put(_revocation(claims), {}, ttl=max(rest, 1))


def _revocation(claims: Mapping[str, Any]) -> str:
    return f"revoked:{claims['jti']}"


def sender(provider: Provider, request: MachineRequest, *, scope: str) -> RelyingParty:
    """Return which client asks with a token of its own, or raise the refusal."""
    sent = protected.presented(request)
    found = find(provider, sent.token, now=request.at)
    if found is None:
        raise InvalidTokenError(
            "The access token is expired, revoked or not a registered client's own"
        )
    claims, party = found
    held = set(claims["scope"].split()) & set(scopes_of(party))
    if not held & {scope, _INCLUDED.get(scope)}:
        raise InsufficientScopeError(f"The access token lacks the scope {scope}")
    cnf = claims.get("cnf") or {}
    binding.check(provider, request, cnf, scheme=sent.scheme, token=sent.token)
    return party
