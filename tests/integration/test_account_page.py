"""The citizen's own page, and its actions behind a fresh factor."""

import re
import time
from dataclasses import replace
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp import clock
from idp.app import create_app
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code

PAGES = ["", "/data", "/permissions", "/places", "/factors", "/history"]


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def person(provider: Provider) -> dict:
    return citizen(provider, account_level=2, state="active", factors=["pwd"])


@pytest.fixture
def browser(client: FlaskClient, portal: Portal, person: dict) -> Browser:
    """Return a browser in which the person has allowed one portal."""
    browser = Browser(client)
    browser.visit(portal.url())
    browser.sign_in(person)
    browser.submit(decision="allow")
    return browser


def press(browser: Browser, path: str, action: str):
    """Press the button of the form whose action has these words."""
    page = browser.visit(path)
    pattern = rf'action="([^"]*{action}[^"]*)".*?csrf_token" value="([^"]*)"'
    address, token = re.findall(pattern, page.text, re.DOTALL)[-1]
    return browser.visit(address, data={"csrf_token": token})


@pytest.mark.parametrize("path", PAGES)
def test_pages_lead_through_the_sign_in(client, person: dict, path: str) -> None:
    """Whoever is not signed in signs in first, and comes back to the page."""
    browser = Browser(client)

    page = browser.visit(f"/account{path}")
    assert at(page) == "login"
    page = browser.sign_in(person)

    assert page.request.path == f"/account{path}"
    assert page.status_code == 200


def test_half_a_sign_in_shows_nothing(provider: Provider, client) -> None:
    """With an enrolled app the password alone opens no page."""
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    browser = Browser(client)
    browser.visit("/account")
    browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )

    for path in PAGES:
        assert at(browser.visit(f"/account{path}")) == "otp"


def test_data_have_source_and_date(browser: Browser, person: dict) -> None:
    """What is held is shown with where it comes from and as of when."""
    text = browser.visit("/account/data?lang=en").text.replace("\u00a0", "")

    assert person["personal_number"] in text
    assert "Population data, " in text
    assert "Residence data, " in text


def test_withdrawal_acts_at_once(browser: Browser, portal: Portal) -> None:
    """A permission that is taken back is gone, and is asked for again."""
    tokens = portal.round(browser)

    page = press(browser, "/account/permissions", "withdraw")

    assert "done=withdrawn" in page.request.url
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.client.get("/userinfo", headers=headers).status_code == 401
    assert at(browser.visit(portal.url())) == "consent"


def test_another_place_is_signed_out(
    app: Flask, browser: Browser, portal: Portal, person: dict
) -> None:
    """A citizen ends a sign-in elsewhere and keeps their own."""
    other = Browser(app.test_client())
    other.visit("/account")
    other.sign_in(person)
    rows = browser.visit("/account/places").text.split("<li>")
    row = next(row for row in rows if "/end" in row and 'class="tag good"' not in row)
    foreign = re.findall(r"places/([0-9a-f-]+)/end", row)[0]

    page = press(browser, "/account/places", foreign)

    assert "done=signed-out" in page.request.url
    assert at(other.visit("/account")) == "login"
    assert browser.visit("/account").status_code == 200


def test_sign_out_here(browser: Browser, portal: Portal) -> None:
    """Signing out ends the session for every portal."""
    page = press(browser, "/account", "sign-out")

    assert page.request.path.startswith("/logged-out/")
    assert answer(browser.visit(portal.url(prompt="none")))["error"] == "login_required"


@pytest.mark.parametrize("kind", ["permissions/{}/withdraw", "places/{}/end"])
def test_actions_need_their_own_token(browser: Browser, kind: str) -> None:
    """A form that is not ours does nothing."""
    page = browser.visit(f"/account/{kind.format(uuid4())}", data={"csrf_token": "x"})

    assert error_code(page) == "DD-WEB-010"


def test_actions_need_a_fresh_factor(
    provider: Provider, portal: Portal, person: dict
) -> None:
    """An old sign-in may look; to act it is proven anew."""
    lifetimes = replace(provider.config.lifetimes, fresh_factor=1)
    strict = replace(provider, config=replace(provider.config, lifetimes=lifetimes))
    browser = Browser(create_app(provider=strict).test_client())
    browser.visit(portal.url())
    browser.sign_in(person)
    browser.submit(decision="allow")
    time.sleep(1.1)

    page = press(browser, "/account/permissions", "withdraw")
    assert at(page) == "login"
    page = browser.sign_in(person)
    assert page.request.path == "/account/permissions"

    assert "done=" in press(browser, "/account/permissions", "withdraw").request.url


@pytest.mark.parametrize(
    "written",
    ["+84500000006", "%2B84500000006", "84500000006", "0500000006", "0500%20000-006"],
)
def test_the_outbox_takes_every_spelling(
    provider: Provider, client: FlaskClient, written: str
) -> None:
    """A bare `+` of an address is a space by the time it arrives, and still fits."""
    provider.messages.send("+84500000006", "Dinh Danh: 012345", clock.now())
    provider.messages.send("+84500000007", "Dinh Danh: 543210", clock.now())

    told = client.get(f"/sandbox/outbox.json?phone={written}").get_json()
    page = client.get(f"/sandbox/outbox?phone={written}").text

    assert [message["text"] for message in told] == ["Dinh Danh: 012345"]
    assert set(told[0]) == {"phone", "text", "sent_at"}
    assert "012345" in page
    assert "543210" not in page
    assert client.get("/sandbox/outbox.json?phone=nobody").get_json() == []


def test_the_outbox_is_the_sandboxs(provider: Provider) -> None:
    """Outside the sandbox neither the outbox nor its JSON exists."""
    sandbox = replace(provider.config.sandbox, enabled=False)
    bare = replace(provider, config=replace(provider.config, sandbox=sandbox))
    client = create_app(provider=bare).test_client()

    for path in ("/sandbox/outbox", "/sandbox/outbox.json"):
        page = client.get(path)
        assert page.status_code == 404
        assert error_code(page) == "DD-WEB-404"
    assert "sandbox" not in client.get("/").text
