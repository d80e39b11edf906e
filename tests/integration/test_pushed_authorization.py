"""Pushed authorization requests (RFC 9126)."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.config import RequestsConfig
from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen, error_code
from tests.services import BACKENDS


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax", require_pushed_authorization_requests=True)


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def push(client: FlaskClient, portal: Portal, **changes: str | None) -> TestResponse:
    data = portal.parameters(**changes) | {"client_secret": SECRET}
    return client.post("/par", data=data)


def load(portal: Portal, request_uri: str, **others: Any) -> str:
    values = {"client_id": portal.client_id, "request_uri": request_uri} | others
    return f"/authorize?{urlencode(values)}"


def sign_in(provider: Provider, browser: Browser) -> TestResponse:
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    return browser.submit(decision="allow") if at(page) == "consent" else page


@pytest.mark.parametrize("backend", BACKENDS)
def test_push(provider: Provider, portal: Portal, browser: Browser) -> None:
    """A pushed request is a sign-in; what else stands in the URL is ignored (P1)."""
    response = push(browser.client, portal, state="pushed")
    body = response.get_json()

    assert response.status_code == 201
    assert response.mimetype == "application/json"
    assert "no-store" in response.headers["Cache-Control"]
    assert body["expires_in"] == provider.config.lifetimes.pushed_request
    assert body["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    url = load(
        portal,
        body["request_uri"],
        state="outer",
        redirect_uri="https://evil.example",
        prompt="none",
    )
    assert at(browser.visit(url)) == "login"
    told = answer(sign_in(provider, browser))
    assert told["state"] == "pushed"
    assert portal.redeem(browser.client, told["code"])["claims"]["nonce"]


def test_page_loads_and_single_use(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """The page loads again before the end, and never after it."""
    request_uri = push(browser.client, portal).get_json()["request_uri"]
    url = load(portal, request_uri)

    first = browser.visit(url)
    second = browser.visit(url)
    assert (at(first), at(second)) == ("login", "login")
    assert "code" in answer(sign_in(provider, browser))

    assert error_code(browser.visit(url)) == "DD-OIDC-005"
    name = first.request.path.rpartition("/")[2]
    told = answer(browser.visit(f"/authorize/resume?transaction={name}"))
    assert told["error"] == "invalid_request_uri"


def test_denial_spends_it(provider: Provider, portal: Portal, browser: Browser) -> None:
    """Turning back ends the request as well."""
    url = load(portal, push(browser.client, portal).get_json()["request_uri"])
    name = browser.visit(url).request.path.rpartition("/")[2]

    told = answer(browser.visit("/authorize/cancel", data={"transaction": name}))

    assert told["error"] == "access_denied"
    assert error_code(browser.visit(url)) == "DD-OIDC-005"


def test_foreign_and_unknown(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """Another client's, a guessed or an unnamed request_uri gets a page."""
    other = Portal.register(provider, "other")
    request_uri = push(browser.client, portal).get_json()["request_uri"]

    assert error_code(browser.visit(load(other, request_uri))) == "DD-OIDC-006"
    assert error_code(browser.visit(load(portal, request_uri + "x"))) == "DD-OIDC-005"
    assert (
        error_code(
            browser.visit(f"/authorize?{urlencode({'request_uri': request_uri})}")
        )
        == "DD-OIDC-006"
    )
    assert at(browser.visit(load(portal, request_uri))) == "login"


def test_plain_request_of_a_pushing_client(portal: Portal, browser: Browser) -> None:
    """A client that must push cannot do without (P2), by GET or POST."""
    for page in (
        browser.visit(portal.url()),
        browser.visit("/authorize", data=portal.parameters()),
    ):
        assert answer(page)["error"] == "invalid_request"


def test_every_client_must_push(provider: Provider) -> None:
    """`requests.must_push` goes for all, and discovery says so (RFC 9126 §5)."""
    portal = Portal.register(provider, "bank")
    config = replace(provider.config, requests=RequestsConfig(must_push=True))
    client = create_app(provider=replace(provider, config=config)).test_client()

    found = client.get("/.well-known/openid-configuration").get_json()
    refused = Browser(client).visit(portal.url())

    assert found["require_pushed_authorization_requests"] is True
    assert answer(refused)["error"] == "invalid_request"
    request_uri = push(client, portal).get_json()["request_uri"]
    assert at(Browser(client).visit(load(portal, request_uri))) == "login"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"client_id": "other"}, "invalid_client"),
        ({"state": "a\x00b"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
    ],
)
def test_refusals(
    portal: Portal, client: FlaskClient, changes: dict[str, str | None], error: str
) -> None:
    """What is wrong is told at once, as JSON with 400."""
    response = push(client, portal, **changes)

    assert response.status_code == 400
    assert response.get_json()["error"] == error


def test_needs_authentication(portal: Portal, client: FlaskClient) -> None:
    """A confidential client proves itself when it pushes."""
    response = client.post("/par", data=portal.parameters())

    assert response.status_code in (400, 401)
    assert response.get_json()["error"] == "invalid_client"


def test_method_and_content_type(portal: Portal, client: FlaskClient) -> None:
    """Pushing is a form post and nothing else."""
    assert client.get("/par").status_code == 405
    assert client.put("/par").status_code == 405
    response = client.post("/par", json=portal.parameters())
    assert response.status_code == 415
    assert response.get_json()["error"] == "invalid_request"


def test_identifiers_have_one_use(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """Transactions, codes and pushed requests do not stand for one another (C5)."""
    request_uri = push(browser.client, portal).get_json()["request_uri"]
    name = request_uri.rpartition(":")[2]
    page = browser.visit(load(portal, request_uri))
    transaction = page.request.path.rpartition("/")[2]

    resumed = browser.visit(f"/authorize/resume?transaction={name}")
    assert error_code(resumed) == "DD-TXN-001"
    urn = request_uri.replace(name, transaction)
    assert error_code(browser.visit(load(portal, urn))) == "DD-OIDC-005"
