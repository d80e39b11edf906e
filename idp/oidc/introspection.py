"""Token introspection (RFC 7662): of a client's own tokens, and those for its APIs."""

from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint as _IntrospectionEndpoint

from idp import clock
from idp.consent import live_grants, refresh_tokens
from idp.oidc import access_tokens, binding, client_auth, client_tokens
from idp.oidc.authorization_details import narrowed
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty

INACTIVE = {"active": False}

# Our handles and what the userinfo endpoint was asked for stay inside.
_TOLD = (
    "iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope",
    "auth_time", "acr", "amr", "sid", "authentication_level", "act", "cnf",
    "authorization_details",
)  # fmt: skip


class IntrospectionEndpoint(_IntrospectionEndpoint):  # type: ignore[misc]
    """Tells the state of a token, the grant's life included, as of now."""

    # A public client proves nothing, so it may not ask (RFC 7662 §2.1).
    CLIENT_AUTH_METHODS = tuple(m for m in client_auth.METHODS if m != "none")

    def authenticate_token(self, request: Any, client: Any) -> dict[str, Any] | None:
        """Return what may be told of the token, or None: it is not active."""
        token = request.form.get("token")
        if token is None:
            raise InvalidRequestError("Missing token")
        provider, now = self.server.provider, request.machine.at
        return (
            _access_token(provider, token, client.party, now=now)
            or _client_token(provider, token, client.client_id, now=now)
            or _refresh_token(provider, token, client.client_id, now=now)
        )

    def create_introspection_payload(
        self, token: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Return the answer; of a foreign, dead or unknown token nothing more."""
        return INACTIVE if token is None else {"active": True, **token}


def _access_token(
    provider: Provider, token: str, party: RelyingParty, *, now: datetime
) -> dict[str, Any] | None:
    found = access_tokens.find(provider, token, now=now)
    if found is None:
        return None
    is_own = found.claims["client_id"] == party.client_id
    if not is_own and not set(party.resources).intersection(found.audience):
        return None
    told = _told(found.claims)
    if details := told.get("authorization_details"):
        # What the citizen has taken back since is not allowed any more.
        told["authorization_details"] = narrowed(details, found.live.grant.claims)
    return told if is_own else _for_api(told, party)


def _for_api(told: dict[str, Any], party: RelyingParty) -> dict[str, Any]:
    """Leave out what the token says to other APIs (RFC 9396 §9.2)."""
    audience = [told["aud"]] if isinstance(told["aud"], str) else told["aud"]
    own = [uri for uri in audience if uri in party.resources]
    told["aud"] = own[0] if len(own) == 1 else own
    if "authorization_details" in told:
        told["authorization_details"] = [
            item
            for item in told["authorization_details"]
            if not item.get("locations")
            or set(item["locations"]).intersection(party.resources)
        ]
    return told


def _client_token(
    provider: Provider, token: str, client_id: str, *, now: datetime
) -> dict[str, Any] | None:
    """Tell a client of its own token, which is for us and no other API."""
    found = client_tokens.find(provider, token, now=now)
    if found is None or found[0]["client_id"] != client_id:
        return None
    return _told(found[0])


def _told(claims: dict[str, Any]) -> dict[str, Any]:
    told = {name: claims[name] for name in _TOLD if name in claims}
    return told | {"token_type": binding.token_type(told.get("cnf"))}


def _refresh_token(
    provider: Provider, token: str, client_id: str, *, now: datetime
) -> dict[str, Any] | None:
    if "." in token:  # a JWT of some kind, never one of our opaque refresh tokens
        return None
    with provider.database.read() as connection:
        stored = refresh_tokens.find(connection, token)
        if stored is None or stored.client_id != client_id:
            return None
        if stored.used_at is not None or stored.expires_at <= now:
            return None
        live = live_grants.live_for_token(connection, stored.grant_id, now)
    if live is None or not live.is_usable:
        return None
    return {
        **({"act": live.act} if live.act else {}),
        "iss": provider.config.issuer,
        "sub": live.grant.subject,
        "client_id": client_id,
        "scope": " ".join(stored.snapshot["scopes"]),
        "exp": clock.timestamp(stored.expires_at),
        "token_type": "refresh_token",
    }
