"""One person, two browsers: ending one from the other acts at once."""

from datetime import timedelta

import pytest
from flask import Flask

from idp import clock
from idp.authentication import session as sessions
from idp.authentication import sign_in
from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def person(provider: Provider) -> dict:
    return citizen(provider, account_level=2, state="active", factors=["pwd"])


def signed_in(app: Flask, portal: Portal, person: dict, scope: str):
    """Return a browser and the tokens of its sign-in."""
    browser = Browser(app.test_client())
    browser.visit(portal.url(scope=scope))
    page = browser.sign_in(person)
    if at(page) == "consent":
        page = browser.submit(decision="allow")
    return browser, portal.redeem(browser.client, answer(page)["code"])


def status(browser: Browser, tokens: dict) -> int:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return browser.client.get("/userinfo", headers=headers).status_code


def end_the_other(browser: Browser) -> None:
    """Press the button of the place that is not this one."""
    rows = browser.visit("/account/places").text.split("<li>")
    row = next(row for row in rows if "/end" in row and 'class="tag good"' not in row)
    action = row.partition('action="')[2].partition('"')[0]
    token = row.partition('csrf_token" value="')[2].partition('"')[0]
    page = browser.visit(action, data={"csrf_token": token})
    assert "done=signed-out" in page.request.url


@pytest.mark.parametrize("offline", [False, True])
def test_remote_end(app: Flask, portal: Portal, person: dict, offline: bool) -> None:
    """The other browser signs in anew; its tokens die unless meant for absence."""
    scope = "openid profile offline_access" if offline else "openid profile"
    here, own = signed_in(app, portal, person, scope)
    there, others = signed_in(app, portal, person, scope)

    end_the_other(here)

    assert answer(there.visit(portal.url(prompt="none")))["error"] == "login_required"
    assert at(there.visit(portal.url())) == "login"
    assert status(there, others) == (200 if offline else 401)
    asked = {
        "token": others["access_token"],
        "client_id": portal.client_id,
        "client_secret": SECRET,
    }
    told = here.client.post("/introspect", data=asked).get_json()
    assert told["active"] is offline
    assert status(here, own) == 200
    assert at(here.visit(portal.url())) == "portal"


def test_a_code_under_way_gives_no_second_life(
    app: Flask, provider: Provider, portal: Portal, person: dict, monkeypatch
) -> None:
    """A code redeemed after the sign-out gives tokens that are dead to their end."""
    browser, _ = signed_in(app, portal, person, "openid profile")
    code = answer(browser.visit(portal.url()))["code"]
    cookie = browser.client.get_cookie("dd_session")
    assert cookie is not None
    now, lifetimes = clock.now(), provider.config.lifetimes
    with provider.database.read() as connection:
        here = sessions.find(connection, cookie.value, now=now, lifetimes=lifetimes)
    assert here is not None
    with provider.database.transaction() as database:
        sign_in.sign_out(
            provider, database, session=here.session, reason="citizen", now=now
        )
    redeemed = now + timedelta(seconds=lifetimes.code - 5)
    monkeypatch.setattr(clock, "now", lambda: redeemed)
    tokens = portal.redeem(browser.client, code)

    last = redeemed + timedelta(seconds=lifetimes.access_token - 5)
    monkeypatch.setattr(clock, "now", lambda: last)
    assert status(browser, tokens) == 401


def test_another_person_takes_over_the_browser(
    app: Flask, provider: Provider, portal: Portal, person: dict
) -> None:
    """The former person's session ends there, and no `sid` is shared (S3, S5)."""
    browser, former = signed_in(app, portal, person, "openid profile")
    old = browser.client.get_cookie("dd_session")
    assert old is not None
    other = citizen(provider, account_level=1, state="active", factors=["pwd"])
    browser.visit(portal.url(prompt="login"))
    browser.sign_in(other)
    if at(browser.page) == "choose":
        account = browser.page.text.partition('name="account" value="')[2]
        browser.submit(account=account.partition('"')[0])
    if at(browser.page) == "consent":
        browser.submit(decision="allow")
    tokens = portal.redeem(browser.client, answer(browser.page)["code"])

    assert status(browser, former) == 401
    assert tokens["claims"]["sub"] != former["claims"]["sub"]
    assert tokens["claims"]["sid"] != former["claims"]["sid"]
    thief = Browser(app.test_client())
    thief.client.set_cookie("dd_session", old.value)
    assert at(thief.visit("/account")) == "login"
