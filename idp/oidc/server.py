"""The authorization server: Authlib's, on our requests, clients and grants.

It is built once for each provider. Authlib decides the protocol's course; proofs of
clients, storage and tokens are ours (`client_auth`, `codes`, `tokens`).
"""

from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer as _AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from flask import current_app

from idp.health import Watch
from idp.oidc import client_auth, client_tokens, protected, well_known
from idp.oidc.binding import Confirmation
from idp.oidc.client_tokens import ClientCredentialsGrant
from idp.oidc.clients import Client
from idp.oidc.decoupled.polling import CibaGrant, DeviceCodeGrant
from idp.oidc.errors import JSON_HEADERS, dump
from idp.oidc.exchange import TokenExchangeGrant
from idp.oidc.grants import AuthorizationCodeGrant, RefreshTokenGrant
from idp.oidc.introspection import IntrospectionEndpoint
from idp.oidc.pkce import CodeChallenge
from idp.oidc.request_guard import Form, MachineRequest, MachineResponse, form
from idp.oidc.revocation import RevocationEndpoint
from idp.oidc.wallets.pre_authorized import PreAuthorizedCodeGrant
from idp.provider import Provider

EXTENSION = "dinhdanh.oidc"


class ProtocolRequest(OAuth2Request):  # type: ignore[misc]
    """One request in Authlib's terms: parameters that were already checked once."""

    def __init__(
        self, method: str, uri: str, parameters: Form, machine: MachineRequest | None
    ) -> None:
        super().__init__(method, uri)
        self.payload = BasicOAuth2Payload(parameters)
        self.machine = machine
        self.confirmation: Confirmation | None = None

    @property
    def form(self) -> Form:
        """Return the parameters."""
        parameters: Form = self.payload.data
        return parameters

    @property
    def args(self) -> Form:
        """Return the parameters; where they stood was checked before."""
        return self.form


class AuthorizationServer(_AuthorizationServer):  # type: ignore[misc]
    """Authlib's server with one answer for each request and no state between them."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider
        self.watch = Watch(provider)
        self.metadata = well_known.metadata(provider.config)
        self.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True)])
        self.register_grant(RefreshTokenGrant)
        self.register_grant(DeviceCodeGrant)
        self.register_grant(CibaGrant)
        self.register_grant(TokenExchangeGrant)
        self.register_grant(ClientCredentialsGrant)
        if provider.config.credentials.enabled:
            self.register_grant(PreAuthorizedCodeGrant)
        self.register_endpoint(RevocationEndpoint)
        self.register_endpoint(IntrospectionEndpoint)

    def query_client(self, client_id: str) -> Client | None:
        """Return the registered client, from memory when it was used lately."""
        party = self.provider.relying_parties.find(client_id)
        return None if party is None else Client(party)

    def authenticate_client(
        self, request: ProtocolRequest, methods: list[str], endpoint: str = "token"
    ) -> Client:
        """Prove the client by exactly the one method that it registered."""
        if request.machine is None:
            raise client_auth.failed("none")
        if endpoint == "introspection" and protected.has_token(request.machine):
            return self._resource_server(request.machine, request.form)
        party = client_auth.authenticate(self.provider, request.machine, request.form)
        if party.auth_method not in methods:
            raise client_auth.failed(party.auth_method)
        request.auth_method = party.auth_method
        return Client(party)

    def _resource_server(self, request: MachineRequest, form: Form) -> Client:
        """Prove a resource server by its own token (RFC 7662 §2.1)."""
        if "client_secret" in form or "client_assertion" in form:
            raise InvalidRequestError("More than one client authentication method")
        party = client_tokens.sender(
            self.provider, request, scope=client_tokens.INTROSPECT
        )
        return Client(party)

    def get_token_grant(self, request: ProtocolRequest) -> Any:
        """Find the grant of a token request."""
        if "grant_type" not in request.form:
            raise InvalidRequestError("Missing grant_type")
        return super().get_token_grant(request)

    def create_oauth2_request(
        self, request: MachineRequest | ProtocolRequest
    ) -> ProtocolRequest:
        """Read a machine request's form; what is already read stays as it is."""
        if isinstance(request, ProtocolRequest):
            return request
        uri = self.provider.config.issuer + request.path
        return ProtocolRequest(request.method, uri, form(request), request)

    def handle_response(
        self, status: int, payload: Any, headers: list[tuple[str, str]]
    ) -> MachineResponse:
        """Return Authlib's answer as ours."""
        del headers
        return MachineResponse(status, dump(payload), JSON_HEADERS)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Stay silent: the audit log is written with the effect, not by a signal."""

    def handle_error_response(self, request: object, error: Exception) -> Any:
        """Leave every refusal to `errors.answer`."""
        del request
        raise error


def protocol_request(
    provider: Provider, *, method: str, params: dict[str, str]
) -> ProtocolRequest:
    """Return an authorization request for `get_consent_grant`.

    `params` holds each parameter once; the caller refused duplicates.
    """
    uri = f"{provider.config.issuer}/authorize"
    return ProtocolRequest(method, uri, Form(params), None)


def current() -> AuthorizationServer:
    """Return the server of the running Flask application."""
    server: AuthorizationServer = current_app.extensions[EXTENSION]
    return server
