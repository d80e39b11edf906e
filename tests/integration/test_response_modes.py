"""Query, fragment and form_post, for success and error alike."""

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, citizen, step_form

ISSUER = "http://localhost:8000"


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(
        provider,
        "tax",
        redirect_uris=["https://tax.example/back?dummy1=lorem&dummy2=ipsum"],
    )


@pytest.fixture
def browser(provider: Provider, portal: Portal, client: FlaskClient) -> Browser:
    """Return a browser that is signed in and has consented."""
    signed_in = Browser(client)
    signed_in.visit(portal.url())
    signed_in.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    signed_in.submit(decision="allow")
    return signed_in


@pytest.mark.parametrize("prompt", [None, "none"])
def test_query(portal: Portal, browser: Browser, prompt: str | None) -> None:
    """The answer joins the query that the registered URI has."""
    page = browser.visit(portal.url(response_mode="query", prompt=prompt))

    query = parse_qs(urlsplit(page.headers["Location"]).query)
    assert query["dummy1"] == ["lorem"]
    assert query["iss"] == [ISSUER]
    assert set(query) == {"dummy1", "dummy2", "code", "state", "iss"}


def test_fragment(portal: Portal, browser: Browser) -> None:
    """The answer stands in the fragment alone."""
    page = browser.visit(portal.url(response_mode="fragment", state="a"))

    parts = urlsplit(page.headers["Location"])
    assert parts.query == "dummy1=lorem&dummy2=ipsum"
    assert set(parse_qs(parts.fragment)) == {"code", "state", "iss"}


def test_without_state(portal: Portal, browser: Browser) -> None:
    """No state comes back where none was sent."""
    page = browser.visit(portal.url(state=None, response_mode="fragment"))

    assert set(parse_qs(urlsplit(page.headers["Location"]).fragment)) == {"code", "iss"}


@pytest.mark.parametrize(
    ("changes", "members"),
    [
        ({}, {"code", "state", "iss"}),
        ({"prompt": "none login"}, {"error", "error_description", "state", "iss"}),
    ],
)
def test_form_post(
    portal: Portal, browser: Browser, changes: dict[str, str], members: set[str]
) -> None:
    """The answer is a form under our policy, that posts to its one origin only."""
    state = '"><script>alert(1)</script>'
    page = browser.visit(portal.url(response_mode="form_post", state=state, **changes))

    form = step_form(page)
    assert page.status_code == 200
    assert unescape(form.action) == portal.redirect_uri
    assert {name for name, _ in form.fields} == members
    assert dict(form.fields)["state"] == state
    assert form.buttons == [("", "")], "people without script press the button"
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://tax.example" in policy
    assert "unsafe-inline" not in policy
    assert "<script>" not in page.text
    assert "no-store" in page.headers["Cache-Control"]


def test_form_post_script(client: FlaskClient) -> None:
    """The script that presses the button is a file of ours."""
    response = client.get("/authorize/form_post.js")

    assert response.mimetype == "text/javascript"
    assert b"submit()" in response.data


def test_form_post_code_works(portal: Portal, browser: Browser) -> None:
    """What the form carries is redeemed like any code."""
    page = browser.visit(portal.url(response_mode="form_post"))

    tokens = portal.redeem(browser.client, dict(step_form(page).fields)["code"])

    assert tokens["claims"]["iss"] == ISSUER


def test_bogus_mode(portal: Portal, browser: Browser) -> None:
    """An unknown mode is refused by the mode that needs nothing (query)."""
    told = answer(browser.visit(portal.url(response_mode="pigeon")))

    assert told["error"] == "invalid_request"


@pytest.mark.parametrize("mode", ["query", "fragment"])
def test_denial_by_mode(
    provider: Provider, portal: Portal, client: FlaskClient, mode: str
) -> None:
    """An error takes the requested way too, with state and issuer."""
    page = Browser(client).visit(
        portal.url(response_mode=mode, prompt="none", state="s")
    )

    parts = urlsplit(page.headers["Location"])
    told = parse_qs(parts.fragment if mode == "fragment" else parts.query)
    assert (told["error"], told["state"], told["iss"]) == (
        ["login_required"],
        ["s"],
        [ISSUER],
    )
