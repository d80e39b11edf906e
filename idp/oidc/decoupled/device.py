"""The device authorization endpoint (RFC 8628 §3.1): kiosks, TVs, voice menus."""

from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.core.errors import RequestNotSupportedError

from idp.authentication import waiting
from idp.factors.throttle import source_of
from idp.oidc import client_auth, errors
from idp.oidc.clients import Client
from idp.oidc.decoupled import asking
from idp.oidc.decoupled.polling import DeviceCodeGrant
from idp.oidc.request_guard import MachineRequest, MachineResponse, form
from idp.oidc.server import AuthorizationServer
from idp.provider import Provider

_MAX_USER_AGENT = 300


def begin(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Check a device's request, keep it, and answer with its codes (§3.2)."""
    provider, params = server.provider, form(request)
    party = client_auth.authenticate(provider, request, params)
    Client(party).require_grant(DeviceCodeGrant.GRANT_TYPE)
    if "request" in params:
        raise RequestNotSupportedError
    if party.messages.must_sign_requests:
        raise InvalidRequestError("This client must sign its requests (RFC 9101)")
    asked = asking.read(server, party, params, now=request.at)
    lifetimes = provider.config.lifetimes
    device_code, kept = waiting.begin(
        provider.ephemeral,
        asked,
        place=place_of(provider, request),
        now=request.at,
        ttl=lifetimes.waiting,
    )
    page = f"{provider.config.issuer}/device"
    complete = f"{page}?{urlencode({'user_code': kept.shown_code})}"
    return errors.json_answer(
        200,
        {
            "device_code": device_code,
            "user_code": kept.shown_code,
            "verification_uri": page,
            "verification_uri_complete": complete,
            "expires_in": lifetimes.waiting,
            "interval": lifetimes.poll_interval,
        },
    )


def place_of(provider: Provider, request: MachineRequest) -> dict[str, str]:
    """Return where the request comes from, as the citizen will see it."""
    proxies = provider.config.server.trusted_proxies
    return {
        "source": source_of(request.peer, request.forwarded_for, proxies),
        "user_agent": request.user_agent[:_MAX_USER_AGENT],
    }
