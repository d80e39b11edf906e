"""A registered relying party as Authlib wants to see a client.

The record and its policy live in `idp.relying_parties`; the top-level `clients/` are
programs. This adaptor holds no data of its own.
"""

from authlib.oauth2.rfc6749 import ClientMixin, UnauthorizedClientError

from idp.relying_parties.record import RelyingParty, redirect_uri_allowed


class Client(ClientMixin):  # type: ignore[misc]
    """Answers Authlib's questions about one relying party."""

    def __init__(self, party: RelyingParty) -> None:
        self.party = party
        self.client_id = party.client_id

    def get_client_id(self) -> str:
        """Return the client's identifier."""
        return self.party.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return the redirect URI that may be left out: the only one registered."""
        uris = self.party.redirect_uris
        return uris[0] if len(uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return the asked scopes that are registered; the others are dropped."""
        allowed = self.party.scopes
        return " ".join(item for item in (scope or "").split() if item in allowed)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Say whether `redirect_uri` is registered, exactly (RFC 9700 §2.1)."""
        return redirect_uri_allowed(self.party, redirect_uri)

    def check_client_secret(self, client_secret: str) -> bool:
        """Refuse: secrets are proven in `client_auth` alone."""
        del client_secret
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Say whether this is the one registered authentication method."""
        del endpoint
        return method == self.party.auth_method

    def check_response_type(self, response_type: str) -> bool:
        """Say whether the client may use the response type."""
        return response_type in self.party.response_types

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether the client may use the grant type."""
        return grant_type in self.party.grant_types

    def require_grant(self, grant_type: str) -> None:
        """Refuse a client that did not register the grant (RFC 6749 §5.2)."""
        if not self.check_grant_type(grant_type):
            raise UnauthorizedClientError(f"This client did not register {grant_type}")
