"""Pushed authorization requests (RFC 9126).

What is kept is the checked request, under `par:<id>`. Its `request_uri` serves until
one authorization under it completes, so that a page may be loaded again before.
"""

import secrets
from dataclasses import replace

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.authentication.transaction import AuthorizationRequest
from idp.oidc import client_auth, dpop, errors
from idp.oidc.authorization_request import (
    RefusedRequestError,
    UntrustedRequestError,
    parse_request,
)
from idp.oidc.request_guard import Form, MachineRequest, MachineResponse, form
from idp.oidc.server import AuthorizationServer
from idp.provider import Provider

URN = "urn:ietf:params:oauth:request_uri:"

UNKNOWN_REQUEST_URI = "DD-OIDC-005"
FOREIGN_REQUEST_URI = "DD-OIDC-006"


def push(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Check a request that its client posts directly, and keep it (RFC 9126 §2)."""
    params = form(request)
    party = client_auth.authenticate(server.provider, request, params)
    if "request_uri" in params:
        raise InvalidRequestError("request_uri has no place in a pushed request")
    params["client_id"] = party.client_id
    try:
        asked = parse_request(server, params, now=request.at, is_pushed=True)
    except UntrustedRequestError as error:
        raise InvalidRequestError(error.description) from error
    except RefusedRequestError as refused:
        # The answer is this response's JSON, not a redirect (RFC 9126 §2.3).
        refused.error.redirect_uri = refused.error.state = None
        raise refused.error from refused
    asked = dpop.bind(server.provider, request, asked)
    request_uri = keep(server.provider, asked)
    lifetime = server.provider.config.lifetimes.pushed_request
    return errors.json_answer(201, {"request_uri": request_uri, "expires_in": lifetime})


def keep(provider: Provider, asked: AuthorizationRequest) -> str:
    """Keep a checked request for a short while and return its `request_uri`."""
    name = secrets.token_urlsafe(32)
    asked = replace(asked, request_uri=URN + name)
    lifetime = provider.config.lifetimes.pushed_request
    provider.ephemeral.put(f"par:{name}", asked.to_json(), ttl=lifetime)
    return URN + name


def is_pushed(params: Form) -> bool:
    """Say whether the parameters name a request that was pushed here."""
    return params.get("request_uri", "").startswith(URN)


def find(provider: Provider, params: Form) -> AuthorizationRequest:
    """Return the pushed request; every other parameter is ignored (RFC 9126 §4)."""
    name = params["request_uri"].removeprefix(URN)
    value = provider.ephemeral.get(f"par:{name}")
    if value is None:
        raise UntrustedRequestError(
            "request_uri is unknown, used or expired", code=UNKNOWN_REQUEST_URI
        )
    asked = AuthorizationRequest.from_json(value)
    if asked.client_id != params.get("client_id"):
        raise UntrustedRequestError(
            "request_uri is of another client", code=FOREIGN_REQUEST_URI
        )
    return asked


def consume(
    provider: Provider, asked: AuthorizationRequest, transaction_id: str, *, ttl: int
) -> bool:
    """Spend the request for this transaction; False if another one has spent it."""
    if asked.request_uri is None:
        return True
    name = asked.request_uri.removeprefix(URN)
    provider.ephemeral.drop(f"par:{name}")
    key, owner = f"par-used:{name}", {"transaction": transaction_id}
    return provider.ephemeral.claim(key, owner, ttl=ttl) or (
        provider.ephemeral.get(key) == owner
    )
