"""The grants of whoever waits: they ask until the request is decided.

RFC 8628 §3.4 and OpenID Connect CIBA §10.1, in poll and ping mode.

What an approval left is an authorization code, so tokens are made as for any other.
"""

from typing import ClassVar

from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
)
from authlib.oauth2.rfc8628 import (
    AuthorizationPendingError,
    ExpiredTokenError,
    SlowDownError,
)

from idp.authentication import waiting
from idp.authentication.waiting import Collected, Kind
from idp.oidc import binding, codes
from idp.oidc.grants import AuthorizationCodeGrant

_REFUSALS = {
    "pending": AuthorizationPendingError,
    "too_fast": SlowDownError,
    "expired": ExpiredTokenError,
}


class WaitingGrant(AuthorizationCodeGrant):
    """Tokens for a request that was decided on another device."""

    RESPONSE_TYPES: ClassVar[frozenset[str]] = frozenset()
    KIND: ClassVar[Kind]
    HANDLE: ClassVar[str]

    def validate_token_request(self) -> None:
        """Prove the client, then collect the decision; an approval is spent by it."""
        client = self.authenticate_token_endpoint_client()
        client.require_grant(self.GRANT_TYPE)
        form, provider = self.request.form, self.server.provider
        if self.HANDLE not in form:
            raise InvalidRequestError(f"Missing {self.HANDLE}")
        # First the key, so that a proof without our nonce does not cost the approval.
        self.request.confirmation = binding.confirm(
            provider, self.request.machine, client.party
        )
        collected = waiting.collect(
            provider.ephemeral,
            form[self.HANDLE],
            kind=self.KIND,
            client_id=client.client_id,
            interval=provider.config.lifetimes.poll_interval,
            now=self.request.machine.at,
        )
        self.request.client = client
        self.request.authorization_code = codes.redeem(
            provider,
            self._code(collected),
            client_id=client.client_id,
            resources=form.resources,
            now=self.request.machine.at,
        )

    def _code(self, collected: Collected) -> str:
        if collected.state == "approved":
            return collected.code
        if collected.state == "denied":
            raise AccessDeniedError("The citizen refused, or could not go on")
        if collected.state in _REFUSALS:
            raise _REFUSALS[collected.state]
        raise InvalidGrantError(f"The {self.HANDLE} is unknown, used or not yours")


class DeviceCodeGrant(WaitingGrant):
    """Device code for tokens (RFC 8628 §3.4)."""

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
    KIND = "device"
    HANDLE = "device_code"


class CibaGrant(WaitingGrant):
    """The handle of a call for tokens (CIBA §10.1)."""

    GRANT_TYPE = "urn:openid:params:grant-type:ciba"
    KIND = "call"
    HANDLE = "auth_req_id"
