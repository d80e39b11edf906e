"""What tests of requests that wait elsewhere start from: a device, and polling."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.factors.throttle import Throttle
from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"


def kiosk_for(provider: Provider, name: str = "kiosk", **metadata: Any) -> Portal:
    """Register a portal whose devices have no browser."""
    grants = ["authorization_code", "refresh_token", DEVICE]
    return Portal.register(provider, name, **{"grant_types": grants, **metadata})


def begin(
    client: FlaskClient, portal: Portal, *, agent: str = "Kiosk/1.0", **changes: str
) -> dict[str, Any]:
    """Ask as a device; return its codes."""
    response = ask(client, portal, agent=agent, **changes)
    assert response.status_code == 200, response.text
    codes: dict[str, Any] = response.get_json()
    return codes


def ask(
    client: FlaskClient, portal: Portal, *, agent: str = "Kiosk/1.0", **changes: str
) -> TestResponse:
    """Post a device's request."""
    form = {
        "client_id": portal.client_id,
        "client_secret": SECRET,
        "scope": "openid profile",
    } | changes
    headers = {"User-Agent": agent}
    return client.post("/device_authorization", data=form, headers=headers)


def poll(
    provider: Provider, client: FlaskClient, portal: Portal, handle: str, **more: str
) -> TestResponse:
    """Ask for the tokens, the interval having passed."""
    provider.ephemeral.drop(f"polled:{sha256(handle.encode()).hexdigest()}")
    is_call = CIBA in _grants(provider, portal)
    form = {
        "grant_type": CIBA if is_call else DEVICE,
        "auth_req_id" if is_call else "device_code": handle,
        "client_id": portal.client_id,
        "client_secret": SECRET,
    } | more
    return client.post("/token", data=form)


def type_code(browser: Browser, code: str) -> TestResponse:
    """Type the code that the device shows."""
    browser.visit("/device")
    return browser.submit(user_code=code)


def limited(provider: Provider, **limits: int) -> Provider:
    """Return the provider with other limits."""
    throttle = replace(provider.config.throttle, **limits)
    return replace(
        provider,
        config=replace(provider.config, throttle=throttle),
        throttle=Throttle(provider.ephemeral, throttle),
    )


def _grants(provider: Provider, portal: Portal) -> tuple[str, ...]:
    party = provider.relying_parties.find(portal.client_id)
    assert party is not None
    return party.grant_types
