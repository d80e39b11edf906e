"""Token revocation (RFC 7009): a citizen's token of either kind ends its whole chain.

A client's own token stands alone, and ends alone.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint as _RevocationEndpoint

from idp.consent import live_grants, refresh_tokens
from idp.oidc import access_tokens, client_auth, client_tokens

REVOKED = "revoked_by_client"


@dataclass(frozen=True, slots=True)
class Chain:
    """The tokens that descend from one authorization."""

    grant_id: UUID
    id: UUID
    has_refresh_tokens: bool


@dataclass(frozen=True, slots=True)
class OwnToken:
    """A token of a client itself (RFC 6749 §4.4)."""

    claims: dict[str, Any]


class RevocationEndpoint(_RevocationEndpoint):  # type: ignore[misc]
    """Ends what descends from one authorization, or a client's own token."""

    CLIENT_AUTH_METHODS = client_auth.METHODS

    def authenticate_token(self, request: Any, client: Any) -> Chain | OwnToken | None:
        """Return what ends with this token of the client; others have no effect.

        `token_type_hint` is only a hint, so both kinds are always tried (§2.1).
        """
        token = request.form.get("token")
        if token is None:
            raise InvalidRequestError("Missing token")
        provider, now = self.server.provider, request.machine.at
        claims = access_tokens.signed_claims(provider, token, now=now)
        if claims is not None:
            if claims["client_id"] != client.client_id:
                return None
            if not access_tokens.is_about_somebody(claims):
                return OwnToken(claims)
            has_refresh_tokens = "offline_access" in claims["scope"].split()
            gid, chn = UUID(claims["gid"]), UUID(claims["chn"])
            return Chain(gid, chn, has_refresh_tokens)
        with provider.database.read() as connection:
            stored = refresh_tokens.find(connection, token)
        if stored is None or stored.client_id != client.client_id:
            return None
        return Chain(stored.grant_id, stored.chain_id, has_refresh_tokens=True)

    def revoke_token(self, token: Chain | OwnToken, request: Any) -> None:
        """End access tokens at once, and the chain's refresh tokens for good."""
        provider, now = self.server.provider, request.machine.at
        if isinstance(token, OwnToken):
            client_tokens.revoke(provider, token.claims, now=now)
            return
        provider.ephemeral.put(
            f"revoked:{token.id}", {}, ttl=provider.config.lifetimes.access_token
        )
        if not token.has_refresh_tokens:
            return
        with provider.database.transaction() as database:
            live = live_grants.live_for_token(database, token.grant_id, now)
            if live is not None:
                refresh_tokens.end_chain(
                    database,
                    provider.audit,
                    grant=live.grant,
                    chain_id=token.id,
                    reason=REVOKED,
                    now=now,
                )
