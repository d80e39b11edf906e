"""The two grants of the token endpoint, on Authlib's: code and refresh token.

Authlib orders the checks; redemption and rotation are atomic here, tokens are built
before anything durable is spent, and a request commits at most once.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant as _AuthorizationCodeGrant,
)
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant as _RefreshTokenGrant

from idp.consent import grants, live_grants, refresh_tokens
from idp.consent.refresh_tokens import Rotation
from idp.figures import usage
from idp.oidc import (
    authorization_details,
    binding,
    client_auth,
    codes,
    encryption,
    tokens,
)
from idp.oidc.codes import AuthorizationCode
from idp.oidc.sign_in import SignIn, narrowed_audience
from idp.oidc.tokens import Order
from idp.provider import Provider

OFFLINE = "offline_access"
REUSED = "refresh_token_reused"

TokenAnswer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class AuthorizationCodeGrant(_AuthorizationCodeGrant):  # type: ignore[misc]
    """Code for tokens (RFC 6749 §4.1.3), with PKCE as its one extension."""

    TOKEN_ENDPOINT_AUTH_METHODS = client_auth.METHODS

    def query_authorization_code(self, code: str, client: Any) -> AuthorizationCode:
        """Take the code for this client, or refuse; from here on it is spent."""
        request, provider = self.request, self.server.provider
        # First the key, so that a proof without our nonce does not cost the code.
        request.confirmation = binding.confirm(provider, request.machine, client.party)
        taken = codes.redeem(
            provider,
            code,
            client_id=client.client_id,
            resources=request.form.resources,
            now=request.machine.at,
        )
        binding.check_code(taken.dpop_jkt, request.confirmation)
        return taken

    def create_token_response(self) -> TokenAnswer:
        """Build the tokens; the use is written down, and a refresh token if asked."""
        provider, now = self.server.provider, self.request.machine.at
        taken: AuthorizationCode = self.request.authorization_code
        sign_in = taken.sign_in
        order = Order(
            party=self.request.client.party,
            sign_in=_as_asked(provider, self.request, sign_in),
            live=taken.live,
            scopes=tuple(sign_in.scopes),
            audience=narrowed_audience(sign_in, self.request.form.resources),
            nonce=taken.nonce,
            confirmation=self.request.confirmation,
            at=now,
        )
        answer = tokens.build(provider, order)
        with provider.database.transaction() as database:
            usage.record(
                database,
                account_id=taken.live.grant.account_id,
                client_id=sign_in.client_id,
                outcome="success",
                level=sign_in.authentication_level,
                now=now,
            )
            if OFFLINE in sign_in.scopes:
                answer["refresh_token"] = refresh_tokens.issue(
                    database,
                    provider.audit,
                    grant=taken.live.grant,
                    chain_id=UUID(sign_in.chain_id),
                    client_id=sign_in.client_id,
                    snapshot=replace(sign_in, cnf=order.cnf).to_json(),
                    now=now,
                    idle=provider.config.lifetimes.refresh_idle,
                )
        return 200, answer, []


class RefreshTokenGrant(_RefreshTokenGrant):  # type: ignore[misc]
    """Refresh token for tokens (RFC 6749 §6), rotated at each use (RFC 9700 §4.14)."""

    TOKEN_ENDPOINT_AUTH_METHODS = client_auth.METHODS

    def validate_token_request(self) -> None:
        """Prove the client; the token itself is proven where it is rotated."""
        request = self.request
        request.client = self._validate_request_client()
        if "refresh_token" not in request.form:
            raise InvalidRequestError("Missing refresh_token")
        request.confirmation = binding.confirm(
            self.server.provider, request.machine, request.client.party
        )

    def create_token_response(self) -> TokenAnswer:
        """Rotate, build and commit at once; whatever fails leaves the token unspent.

        The one failure that must be written is reuse: it ends the grant.
        """
        provider, now = self.server.provider, self.request.machine.at
        encryption.get_ready(self.request.client.party)
        with provider.database.transaction() as database:
            rotation = self._use(database)
            if rotation.snapshot is not None:
                order = self._order(database, SignIn.from_json(rotation.snapshot))
                answer = tokens.build(provider, order)
                return 200, answer | {"refresh_token": rotation.new_token}, []
            reused = rotation.grant_id if rotation.outcome == "reused" else None
            if reused is not None:
                grants.end(database, provider.audit, reused, REUSED, now)
        if reused is not None:
            provider.ephemeral.drop_grant(str(reused))
        raise InvalidGrantError("The refresh token is unknown, expired or used")

    def _use(self, database: Any) -> Rotation:
        """Rotate, except where FAPI 2.0 Security Profile §5.3.2.1 forbids it."""
        provider, client = self.server.provider, self.request.client
        lifetimes, now = provider.config.lifetimes, self.request.machine.at
        token = self.request.form["refresh_token"]
        whose = {"client_id": client.client_id, "now": now}
        idle = lifetimes.refresh_idle
        if client.party.is_fapi2:
            return refresh_tokens.renew(
                database, provider.audit, token, idle=idle, **whose
            )
        return refresh_tokens.rotate(
            database,
            provider.audit,
            token,
            grace=lifetimes.refresh_grace,
            idle=idle,
            **whose,
        )

    def _order(self, database: Any, sign_in: SignIn) -> Order:
        request, now = self.request, self.request.machine.at
        binding.check_refresh(request.client.party, sign_in.cnf, request.confirmation)
        live = live_grants.live_for_token(database, UUID(sign_in.grant_id), now)
        return Order(
            party=request.client.party,
            sign_in=_as_asked(self.server.provider, request, sign_in),
            live=codes.check_live(live, sign_in),
            scopes=narrowed_scopes(sign_in, request.form.get("scope")),
            audience=narrowed_audience(sign_in, request.form.resources),
            confirmation=request.confirmation,
            at=now,
        )


def _as_asked(provider: Provider, request: Any, sign_in: SignIn) -> SignIn:
    """Return the sign-in with the details that these tokens shall have (RFC 9396 §6).

    A refresh token goes on with all of them.
    """
    chosen = authorization_details.chosen(
        sign_in.authorization_details,
        request.form.get("authorization_details"),
        request.client.party,
        provider.config,
    )
    return replace(sign_in, authorization_details=chosen)


def narrowed_scopes(sign_in: SignIn, asked: str | None) -> tuple[str, ...]:
    """Return the scopes of the new access token: never wider (RFC 6749 §6)."""
    if asked is None:
        return tuple(sign_in.scopes)
    wanted = set(asked.split())
    if not wanted or not wanted.issubset(sign_in.scopes):
        raise InvalidScopeError("The scope is wider than what was granted")
    return tuple(scope for scope in sign_in.scopes if scope in wanted)
