"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0)."""

import base64
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


@pytest.fixture
def tokens(provider: Provider, portal: Portal, browser: Browser) -> dict[str, Any]:
    """Return the tokens of the browser's sign-in at the portal."""
    browser.visit(portal.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    page = browser.submit(decision="allow")
    return portal.redeem(browser.client, answer(page)["code"])


BYE = "https://tax.example/bye"


def leave(browser: Browser, **parameters: str) -> TestResponse:
    return browser.visit(f"/end_session?{urlencode(parameters)}")


def is_signed_in(portal: Portal, browser: Browser) -> bool:
    return "code" in answer(browser.visit(portal.url(prompt="none")))


@pytest.mark.parametrize("is_post", [False, True])
def test_hint_of_the_session(
    portal: Portal, browser: Browser, tokens: dict[str, Any], is_post: bool
) -> None:
    """The session's own ID token ends it at once, and leads back with `state`."""
    parameters = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": BYE,
        "state": "a b",
    }
    page = (
        browser.visit("/end_session", data=parameters)
        if is_post
        else leave(browser, **parameters)
    )

    assert page.headers["Location"] == f"{BYE}?state=a+b"
    assert not is_signed_in(portal, browser)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.client.get("/userinfo", headers=headers).status_code == 401


def test_without_state(browser: Browser, tokens: dict[str, Any]) -> None:
    """Nothing is added to the address when no state was sent."""
    page = leave(
        browser,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=BYE,
        client_id="tax",
    )

    assert page.headers["Location"] == BYE


def test_hint_alone(portal: Portal, browser: Browser, tokens: dict[str, Any]) -> None:
    """Without an address the citizen reads that they are signed out."""
    page = leave(browser, id_token_hint=tokens["id_token"])

    assert (page.status_code, at(page)) == (200, "logged-out")
    assert not is_signed_in(portal, browser)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"state": "s"},
        {"client_id": "tax"},
        {"client_id": "nobody", "post_logout_redirect_uri": BYE},
        {"post_logout_redirect_uri": BYE, "state": "s"},
        {"client_id": "tax", "post_logout_redirect_uri": BYE, "state": "s"},
        {"id_token_hint": "not.a.token", "post_logout_redirect_uri": BYE},
    ],
)
def test_asks_first(
    portal: Portal,
    browser: Browser,
    tokens: dict[str, Any],
    parameters: dict[str, str],
) -> None:
    """Without a good hint the citizen is asked, and no portal is returned to (S7)."""
    page = leave(browser, **parameters)
    assert (page.status_code, at(page)) == (200, "logout")
    assert is_signed_in(portal, browser)

    browser.page = page
    page = browser.submit(decision="yes")

    assert (page.status_code, at(page)) == (200, "logged-out")
    assert not is_signed_in(portal, browser)


@pytest.mark.parametrize("is_post", [False, True])
def test_the_language_that_the_portal_wishes(
    portal: Portal, browser: Browser, tokens: dict[str, Any], is_post: bool
) -> None:
    """`ui_locales` (§2) holds for the question and for the page after it."""
    asked = {"ui_locales": "fr en"}
    if is_post:
        browser.visit("/end_session", data=asked)
    else:
        leave(browser, **asked)
    assert '<html lang="en"' in browser.page.text

    page = browser.submit(decision="yes")

    assert "You are signed out" in page.text


def test_no(portal: Portal, browser: Browser, tokens: dict[str, Any]) -> None:
    """A citizen who says no stays signed in."""
    leave(browser)

    browser.submit(decision="no")

    assert is_signed_in(portal, browser)


def _unsigned(token: str) -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


def _altered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = json.dumps(claims | {"sub": "other"}).encode()
    return (
        f"{head}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{signature}"
    )


@pytest.mark.parametrize("change", [_unsigned, _altered, lambda token: token + "x"])
def test_forged_hint(
    portal: Portal, browser: Browser, tokens: dict[str, Any], change: Any
) -> None:
    """A hint that we did not sign never redirects and never ends a session."""
    page = leave(
        browser,
        id_token_hint=change(tokens["id_token"]),
        post_logout_redirect_uri=BYE,
    )

    assert at(page) == "logout"
    assert is_signed_in(portal, browser)


def test_expired_hint(
    provider: Provider, portal: Portal, browser: Browser, tokens: dict[str, Any]
) -> None:
    """An ID token that is long over is still a good hint (§2)."""
    then = clock.now() - timedelta(hours=7)
    old = {"iat": clock.timestamp(then), "exp": clock.timestamp(then) + 600}
    hint = provider.rings.sign(
        {**tokens["claims"], **old},
        purpose="id_token",
        alg="RS256",
        typ="JWT",
        now=clock.now(),
    )

    page = leave(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)

    assert page.headers["Location"] == BYE
    assert not is_signed_in(portal, browser)


def test_access_token_is_no_hint(browser: Browser, tokens: dict[str, Any]) -> None:
    """A token of another type is no ID token (J6)."""
    page = leave(
        browser,
        id_token_hint=tokens["access_token"],
        post_logout_redirect_uri=BYE,
    )

    assert at(page) == "logout"


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/bye",
        f"{BYE}?foo=bar",
        f"{BYE}/",
        "https://tax.example/back",
        "javascript:alert(1)",
    ],
)
def test_foreign_address(browser: Browser, tokens: dict[str, Any], uri: str) -> None:
    """An address that is not registered, exactly, is never returned to (R5)."""
    page = leave(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri
    )

    assert at(page) == "logged-out"


def test_hint_of_another_client(
    provider: Provider, browser: Browser, tokens: dict[str, Any]
) -> None:
    """A hint of one client does not speak for another."""
    Portal.register(provider, "bank")
    page = leave(
        browser,
        id_token_hint=tokens["id_token"],
        client_id="bank",
        post_logout_redirect_uri="https://bank.example/bye",
    )

    assert at(page) == "logout"


def test_hint_of_a_former_person(
    provider: Provider, portal: Portal, browser: Browser, tokens: dict[str, Any]
) -> None:
    """A stale hint of another person asks before it ends this one's session."""
    browser.visit(portal.url(prompt="login"))
    browser.sign_in(citizen(provider, account_level=1, factors=["pwd"]))
    browser.submit(decision="allow")

    page = leave(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE
    )
    assert at(page) == "logout"

    assert browser.submit(decision="yes").headers["Location"] == BYE
    assert not is_signed_in(portal, browser)


def test_hint_of_an_earlier_session(
    provider: Provider, portal: Portal, browser: Browser, tokens: dict[str, Any]
) -> None:
    """The same person's later session needs no question."""
    leave(browser, id_token_hint=tokens["id_token"])
    browser.visit(portal.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))

    page = leave(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE
    )

    assert page.headers["Location"] == BYE


def test_already_signed_out(browser: Browser, tokens: dict[str, Any]) -> None:
    """Signing out twice is fine, and still leads back."""
    for _ in range(2):
        page = leave(
            browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE
        )
        assert page.headers["Location"] == BYE


def test_repeated_parameter(browser: Browser, tokens: dict[str, Any]) -> None:
    """A parameter that comes twice is refused."""
    page = browser.visit("/end_session?state=a&state=b")

    assert error_code(page) == "DD-OIDC-004"


def test_question_belongs_to_its_browser(
    browser: Browser, tokens: dict[str, Any]
) -> None:
    """The page that asks is answered in the browser where it was asked."""
    page = leave(browser)
    browser.client.set_cookie("dd_browser", "another")

    assert error_code(browser.visit(page.request.path)) == "DD-TXN-001"
