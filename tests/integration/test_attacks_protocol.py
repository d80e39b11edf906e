"""Attacks on the code flow through HTTP: answers, PKCE, consent, subjects, logout."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen, error_code
from tests.integration import token_side
from tests.integration.token_side import ISSUER, userinfo

BARE = {"code_challenge": None, "code_challenge_method": None}


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def enter(
    provider: Provider, portal: Portal, browser: Browser, **changes: str | None
) -> dict[str, Any]:
    """Sign in by password, allow everything, and return the tokens."""
    page = browser.visit(portal.url(**changes))
    if at(page) == "login":
        person = citizen(provider, account_level=2, factors=["pwd"])
        page = browser.sign_in(person)
    if at(page) == "consent":
        page = browser.submit(decision="allow")
    return portal.redeem(browser.client, answer(page)["code"])


def told_by(page: TestResponse, mode: str) -> list[tuple[str, str]]:
    """Return the parameters of an answer, by whichever mode it came."""
    if mode != "form_post":
        parts = urlsplit(page.headers["Location"])
        assert bool(parts.fragment) == (mode == "fragment")
        return parse_qsl(parts.query or parts.fragment)
    return re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://tax.example/r"}, "request_uri_not_supported"),
        ({"request_uri": "urn:example:r"}, "request_uri_not_supported"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
    ],
)
def test_each_error_in_each_mode(
    portal: Portal,
    browser: Browser,
    mode: str,
    method: str,
    changes: dict[str, str],
    error: str,
) -> None:
    """Error, `state` and `iss` come once each, by the mode that was asked (R7)."""
    sent = portal.parameters(**changes, response_mode=mode, state="st")
    if method == "GET":
        page = browser.visit(f"/authorize?{urlencode(sent)}")
    else:
        page = browser.visit("/authorize", data=sent)

    told = told_by(page, mode)

    assert len(told) == len(dict(told))
    told = [item for item in told if item[0] != "error_description"]
    assert dict(told) == {"error": error, "state": "st", "iss": ISSUER}


@pytest.mark.parametrize(
    ("policy", "sent", "is_taken"),
    [
        ({}, {}, True),
        ({}, {"nonce": None}, True),
        ({}, BARE, False),
        ({"require_nonce": True}, {"nonce": None}, True),
        ({"require_nonce": True}, BARE, False),
        ({"require_pkce": False}, BARE, True),
        ({"require_pkce": False}, BARE | {"nonce": None}, False),
        ({"require_pkce": False}, {"code_challenge": ""}, False),
        ({"require_pkce": False}, {"code_challenge_method": "S512"}, False),
        ({"require_pkce": False}, {"code_challenge": "a" * 42}, False),
        ({"require_pkce": False}, {"code_challenge": None}, False),
        ({"require_pkce": False, "require_nonce": False}, BARE | {"nonce": None}, True),
        ({"token_endpoint_auth_method": "none"}, {}, True),
        ({"token_endpoint_auth_method": "none"}, BARE, False),
    ],
)
def test_pkce_policy(
    provider: Provider, browser: Browser, policy: Any, sent: Any, *, is_taken: bool
) -> None:
    """S256 unless a confidential client's policy relaxes it; then a nonce (C4)."""
    portal = Portal.register(provider, "old", **policy)

    page = browser.visit(portal.url(**sent))

    assert (at(page) == "login") == is_taken
    if not is_taken:
        assert answer(page)["error"] == "invalid_request"


def test_a_sent_challenge_binds(provider: Provider, browser: Browser) -> None:
    """Relaxed or not: a challenge that was sent needs its verifier (C4, C6)."""
    portal = Portal.register(provider, "old", require_pkce=False)
    enter(provider, portal, browser)
    for verifier in ("", "w" * 43):
        code = answer(browser.visit(portal.url()))["code"]
        portal.verifier = verifier
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": portal.redirect_uri,
            "code_verifier": verifier,
            "client_id": "old",
            "client_secret": SECRET,
        }
        refused = browser.client.post("/token", data=form)
        token_side.assert_refused(refused, "invalid_grant")


def test_offline_access_is_consented_once(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """Asked when it is new; a remembered consent gives the refresh token silently."""
    first = enter(provider, portal, browser)
    asked = portal.url(scope="openid profile offline_access", prompt="none")
    refused = answer(browser.visit(asked))
    given = enter(provider, portal, browser, scope="openid profile offline_access")
    silent = portal.round(browser, scope="openid profile offline_access", prompt="none")
    narrow = portal.round(browser, prompt="none")

    assert "refresh_token" not in first
    assert refused["error"] == "consent_required"
    assert "refresh_token" in given
    assert "refresh_token" in silent
    assert "refresh_token" not in narrow


def test_nothing_links_two_sectors(provider: Provider, browser: Browser) -> None:
    """`sub` and `sid` differ between sectors and agree within one."""
    first = Portal.register(provider, "first")
    second = Portal.register(provider, "second")
    sibling = Portal.register(provider, "sibling", sector="first.example")
    told = [
        enter(provider, portal, browser)["claims"]
        for portal in (first, second, sibling)
    ]

    for name in ("sub", "sid"):
        assert told[0][name] == told[2][name] != told[1][name]


def test_consent_takes_only_what_was_asked(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """Posted scopes, claims, clients and people are ignored (K5)."""
    browser.visit(portal.url(scope="openid"))
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    assert at(page) == "consent"
    page = browser.submit(
        decision="allow",
        claim=["residence", "household", "name", "personal_number"],
        scope="openid residence offline_access",
        client_id="other",
        account="someone",
    )

    tokens = portal.redeem(browser.client, answer(page)["code"])

    assert tokens["scope"] == "openid"
    told = userinfo(browser.client, tokens["access_token"]).get_json()
    assert set(told) == {"sub"}


def test_prompt_none_never_widens(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """A new claim or scope is consent_required, an unproven browser login_required."""
    enter(provider, portal, browser)
    wider = [
        {"scope": "openid profile residence"},
        {"claims": json.dumps({"userinfo": {"residence": {"essential": True}}})},
    ]

    for changes in wider:
        told = answer(browser.visit(portal.url(prompt="none", **changes)))
        assert told["error"] == "consent_required"
    stranger = Browser(browser.client.application.test_client())
    told = answer(stranger.visit(portal.url(prompt="none")))
    assert told["error"] == "login_required"


@pytest.mark.parametrize(
    "changed",
    ["{}/", "{}/../back", "{}%2f..", "{}%252f..", "{}\\", "{}#x", "{}?code=x", "{}.",
     "https://tax.example:443/back", "https://tax.example@evil.example/back",
     "https://tax.example:80@evil.example/back", "https://TAX.example/back",
     "https://tax.example./back", "https://tax.example/Back", "//tax.example/back",
     "http://tax.example/back", "https:tax.example/back", "https://tax.example/back ",
     "https://xn--tax.example/back", "https://evil.example/https://tax.example/back",
     "javascript:alert(1)//https://tax.example/back", "data:text/html,x", "\\\\evil"],
)  # fmt: skip
def test_mutated_redirect_uris(portal: Portal, browser: Browser, changed: str) -> None:
    """No near miss of a registered address is a registered address (R1, X3)."""
    uri = changed.format(portal.redirect_uri)
    pages = [browser.visit(portal.url(redirect_uri=uri, prompt="none"))]
    pages.append(browser.visit(portal.url(redirect_uri=uri, response_mode="form_post")))

    for page in pages:
        assert (page.status_code, error_code(page)) == (400, "DD-OIDC-002")
        assert "Location" not in page.headers
        assert 'class="form-post"' not in page.text


@pytest.mark.parametrize(
    "uri",
    ["https://tax.example/bye/", "https://tax.example/bye?x", "https://evil.example",
     "//evil.example", "/\\evil.example", "javascript:1", "https://tax.example/back"],
)  # fmt: skip
def test_mutated_logout_uris(
    provider: Provider, portal: Portal, browser: Browser, uri: str
) -> None:
    """Sign-out with a right hint still returns to registered addresses only (R5)."""
    tokens = enter(provider, portal, browser)
    sent = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri}

    page = browser.visit(f"/end_session?{urlencode(sent)}")

    assert (page.status_code, at(page)) == (200, "logged-out")
    assert "evil" not in page.text


@pytest.mark.parametrize("kind", ["id_token", "refresh_token", "code"])
def test_a_token_is_only_what_it_is(
    provider: Provider, portal: Portal, browser: Browser, kind: str
) -> None:
    """No other token, code or id opens userinfo (C5, J6, T5)."""
    scope = "openid profile offline_access"
    tokens = enter(provider, portal, browser, scope=scope)
    tokens["code"] = answer(browser.visit(portal.url(scope=scope)))["code"]

    refused = userinfo(browser.client, tokens[kind])
    in_url = browser.client.get(f"/userinfo?access_token={tokens['access_token']}")

    token_side.assert_refused(refused, "invalid_token", 401)
    token_side.assert_refused(in_url, "invalid_request")
