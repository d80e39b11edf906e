"""Headers: methods, hosts, cookies, caches and framing, on every endpoint."""

from dataclasses import replace

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.provider import Provider
from tests.driver import Browser, Portal, at, citizen, error_code
from tests.integration.token_side import ISSUER, assert_refused

MACHINE = {
    "/token": ["POST"],
    "/par": ["POST"],
    "/revoke": ["POST"],
    "/introspect": ["POST"],
    "/userinfo": ["GET", "HEAD", "POST"],
    "/jwks.json": ["GET", "HEAD"],
    "/.well-known/openid-configuration": ["GET", "HEAD"],
    "/.well-known/oauth-authorization-server": ["GET", "HEAD"],
}
PAGES = ("/authorize", "/end_session", "/authorize/resume", "/nowhere", "/account")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def secure(provider: Provider) -> Flask:
    """Return the same provider with a public https issuer."""
    config = replace(provider.config, issuer="https://id.example")
    return create_app(provider=replace(provider, config=config))


def is_protected(answered: TestResponse) -> bool:
    """Say whether the answer has every header that all answers have."""
    return all(answered.headers.get(name) == PROTECTION[name] for name in PROTECTION)


@pytest.mark.parametrize("path", MACHINE)
def test_methods_of_machines(client: FlaskClient, path: str) -> None:
    """Other methods get 405, JSON and `Allow`; nothing sets a cookie."""
    for method in METHODS:
        answered = client.open(path, method=method)
        assert "Set-Cookie" not in answered.headers
        assert is_protected(answered)
        if method in MACHINE[path]:
            assert answered.status_code < 405
        elif method == "HEAD":
            assert (answered.status_code, answered.data) == (405, b"")
        else:
            assert_refused(answered, "invalid_request", 405)
            assert set(answered.headers["Allow"].split(", ")) - {"OPTIONS"} == set(
                MACHINE[path]
            ) - {"HEAD"}


@pytest.mark.parametrize("path", PAGES)
def test_methods_of_pages(client: FlaskClient, path: str) -> None:
    """A person's browser gets a page with its code, whatever the method."""
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        page = client.open(path, method=method)
        assert (page.status_code, error_code(page)) in (
            (405, "DD-WEB-405"),
            (404, "DD-WEB-404"),
        )


@pytest.mark.parametrize("path", ["/authorize", "/nowhere", "/login/none", "/"])
def test_pages_are_protected(client: FlaskClient, path: str) -> None:
    """No page is framed, cached, or leaks its address by a Referer (S10)."""
    page = client.get(path)

    assert is_protected(page)
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_steps_of_a_sign_in_are_protected(
    provider: Provider, portal: Portal, client: FlaskClient, mode: str
) -> None:
    """From the request to the code nothing is cached and no Referer is sent."""
    browser = Browser(client)
    pages = [browser.visit(portal.url(response_mode=mode))]
    pages.append(browser.sign_in(citizen(provider, account_level=2, factors=["pwd"])))
    pages.append(browser.submit(decision="allow"))

    assert [at(page) for page in pages[:2]] == ["login", "consent"]
    for page in pages:
        assert page.headers["Cache-Control"] == "no-store"
        assert is_protected(page)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:99999"},
        {"Host": "evil.example/path?x"},
        {"Host": ""},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-URL": "/account", "X-Rewrite-URL": "/account"},
    ],
)
def test_the_host_is_configured(
    client: FlaskClient, portal: Portal, headers: dict[str, str]
) -> None:
    """No header decides the issuer, a link, a redirect or an error (X8)."""
    document = client.get("/.well-known/openid-configuration", headers=headers)
    page = client.get(portal.url(), headers=headers)
    refused = client.get(portal.url(prompt="none"), headers=headers)
    problem = client.get("/authorize", headers=headers)

    assert document.get_json()["issuer"] == ISSUER
    assert "evil" not in document.text
    assert page.headers["Location"].startswith("/login/")
    assert (
        f"iss={ISSUER.replace(':', '%3A').replace('/', '%2F')}"
        in (refused.headers["Location"])
    )
    assert "evil" not in problem.text + str(problem.headers) + str(refused.headers)


def test_cookies_of_an_https_issuer(provider: Provider, secure: Flask) -> None:
    """All are `__Host-`, Secure, HttpOnly, Lax; the plain names mean nothing."""
    cookies: list[str] = []

    @secure.after_request
    def note(response: Response) -> Response:
        cookies.extend(response.headers.getlist("Set-Cookie"))
        return response

    portal, browser = Portal.register(provider, "tax"), Browser(secure.test_client())
    browser.visit(portal.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    browser.submit(decision="allow")
    session = browser.client.get_cookie("__Host-dd_session")
    planted = Browser(secure.test_client())
    planted.client.set_cookie("dd_session", session.value)

    assert {cookie.partition("=")[0] for cookie in cookies} >= {
        "__Host-dd_browser",
        "__Host-dd_session",
        "__Host-dd_device",
    }
    for cookie in cookies:
        name, *attributes = cookie.split("; ")
        assert name.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(attributes)
        assert not [item for item in attributes if item.startswith("Domain")]
    assert at(browser.visit(portal.url())) == "portal"
    assert at(planted.visit(portal.url())) == "login"


def test_cookies_of_an_http_issuer(portal: Portal, client: FlaskClient) -> None:
    """A loopback issuer on plain http can carry neither prefix nor Secure."""
    (cookie,) = client.get(portal.url()).headers.getlist("Set-Cookie")

    assert cookie.startswith("dd_browser=")
    assert "Secure" not in cookie
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_transport_security(secure: Flask, client: FlaskClient) -> None:
    """HSTS for a public https issuer, never for a loopback host."""
    name = "Strict-Transport-Security"

    for path in ("/", "/jwks.json", "/nowhere"):
        assert "max-age=" in secure.test_client().get(path).headers[name]
        assert name not in client.get(path).headers
