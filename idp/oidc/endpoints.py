"""Every protocol route, and the one mapper of a program's refusals to JSON.

The authorization and logout endpoints meet a browser and are Flask's views; machine
endpoints are functions of a `MachineRequest` that `door` calls, and `handle` answers
wrong methods and unexpected errors in JSON too, never with a page.
"""

from collections.abc import Callable
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Blueprint

from idp.credentials.issuing import LIST_PATH
from idp.errors import IdpError
from idp.oidc import (
    authorization,
    client_certificate,
    cors,
    dpop_nonce,
    errors,
    introspection_jwt,
    logout,
    probes,
    protected,
    pushed,
    registration,
    response_modes,
    ssf,
    userinfo,
    well_known,
)
from idp.oidc.decoupled import ciba, device
from idp.oidc.request_guard import MachineRequest, MachineResponse
from idp.oidc.server import AuthorizationServer
from idp.oidc.wallets import endpoints as wallets
from idp.oidc.wallets.metadata import ISSUE_PATH, NONCE_PATH
from keys.errors import StoreUnreachableError, TokenError

Handler = Callable[[AuthorizationServer, MachineRequest], MachineResponse]

blueprint = Blueprint("oidc", __name__, template_folder="templates")


@dataclass(frozen=True, slots=True)
class MachineEndpoint:
    """One machine endpoint: its path, its methods and who may read it."""

    name: str
    path: str
    methods: tuple[str, ...]
    handler: Handler
    is_open_to_browsers: bool = False


def _token(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    response: MachineResponse = server.create_token_response(request)
    return response


def _revoke(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    response: MachineResponse = server.create_endpoint_response("revocation", request)
    return response


def _userinfo(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    return userinfo.userinfo(server.provider, request)


def _jwks(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    return well_known.jwks(server.provider, request)


def _discovery(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    max_age = server.provider.config.keys.jwks_max_age
    return well_known.answer(server.metadata, request, max_age=max_age)


def _live(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    return probes.live(server.provider, request)


def _ready(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    return probes.ready(server.watch, request)


def _wallet(answer: wallets.Answer) -> Handler:
    answered = wallets.when_open(answer)
    return lambda server, request: answered(server.provider, request)


MACHINE_ENDPOINTS = (
    MachineEndpoint("pushed", "/par", ("POST",), pushed.push),
    MachineEndpoint(
        "device_authorization", "/device_authorization", ("POST",), device.begin
    ),
    MachineEndpoint(
        "backchannel_authentication",
        "/backchannel_authentication",
        ("POST",),
        ciba.begin,
    ),
    MachineEndpoint("token", "/token", ("POST",), _token, True),
    MachineEndpoint("userinfo", "/userinfo", ("GET", "POST"), _userinfo, True),
    MachineEndpoint("revoke", "/revoke", ("POST",), _revoke, True),
    MachineEndpoint("introspect", "/introspect", ("POST",), introspection_jwt.answer),
    MachineEndpoint(
        "registration", registration.PATH, registration.METHODS, registration.answer
    ),
    MachineEndpoint("live", probes.LIVE_PATH, ("GET",), _live),
    MachineEndpoint("ready", probes.READY_PATH, ("GET",), _ready),
    MachineEndpoint("jwks", "/jwks.json", ("GET",), _jwks, True),
    MachineEndpoint(
        "discovery",
        "/.well-known/openid-configuration",
        ("GET",),
        _discovery,
        True,
    ),
    MachineEndpoint(
        "ssf", "/.well-known/ssf-configuration", ("GET",), ssf.configuration, True
    ),
    MachineEndpoint(
        "stream",
        "/ssf/stream",
        ("GET", "POST", "PATCH", "PUT", "DELETE"),
        ssf.stream,
    ),
    MachineEndpoint("stream_status", "/ssf/status", ("GET", "POST"), ssf.status),
    MachineEndpoint("stream_verify", "/ssf/verify", ("POST",), ssf.verify),
    MachineEndpoint("stream_poll", "/ssf/poll", ("POST",), ssf.poll),
    MachineEndpoint(
        "metadata",
        "/.well-known/oauth-authorization-server",
        ("GET",),
        _discovery,
        True,
    ),
    MachineEndpoint(
        "credential_issuer",
        "/.well-known/openid-credential-issuer",
        ("GET",),
        _wallet(wallets.issuer_metadata),
        True,
    ),
    MachineEndpoint(
        "jwt_vc_issuer",
        "/.well-known/jwt-vc-issuer",
        ("GET",),
        _wallet(wallets.jwt_vc_issuer),
        True,
    ),
    MachineEndpoint("nonce", NONCE_PATH, ("POST",), _wallet(wallets.nonce), True),
    MachineEndpoint("credential", ISSUE_PATH, ("POST",), _wallet(wallets.issue), True),
    MachineEndpoint("status_list", LIST_PATH, ("GET",), _wallet(wallets.status), True),
)


def handle(
    endpoint: MachineEndpoint, server: AuthorizationServer, request: MachineRequest
) -> MachineResponse:
    """Answer one request of a program; every refusal and error becomes JSON here."""
    if request.method == "OPTIONS" and endpoint.is_open_to_browsers:
        return cors.preflight(endpoint.methods)
    try:
        response = _answer(endpoint, server, request)
    except OAuth2Error as error:
        response = errors.answer(error, scheme=protected.challenge_scheme(request))
    except IdpError as error:
        response = errors.refusal(error)
    except (TokenError, StoreUnreachableError) as error:
        response = errors.unsigned(error)
    except Exception as error:  # noqa: BLE001 - the mapper: logged, told by id alone
        response = errors.unexpected(error)
    if request.dpop is not None and server.provider.config.dpop.require_nonce:
        nonce = dpop_nonce.fresh(server.provider, now=request.at)
        response = response.with_headers((dpop_nonce.HEADER, nonce))
    return cors.open_to_browsers(response) if endpoint.is_open_to_browsers else response


def _answer(
    endpoint: MachineEndpoint, server: AuthorizationServer, request: MachineRequest
) -> MachineResponse:
    method = "GET" if request.method == "HEAD" else request.method
    if method not in endpoint.methods:
        return errors.wrong_method(endpoint.methods)
    # Also where nobody asks for one: whoever forges it is told (RFC 9440 §4).
    client_certificate.presented(server.provider, request)
    return endpoint.handler(server, request)


blueprint.add_url_rule(
    "/authorize", "authorize", authorization.authorize, methods=["GET", "POST"]
)
blueprint.add_url_rule("/authorize/resume", "resume", authorization.resume)
blueprint.add_url_rule(
    "/authorize/cancel", "cancel", authorization.cancel, methods=["POST"]
)
blueprint.add_url_rule(
    "/authorize/form_post.js", "form_post_script", response_modes.form_post_script
)
blueprint.add_url_rule(
    "/end_session", "end_session", logout.end_session, methods=["GET", "POST"]
)
