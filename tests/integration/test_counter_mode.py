"""A shared computer: short sign-ins, nothing kept, one button that ends everything."""

import re
from datetime import timedelta

import pytest

from idp import clock
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.activating import DIGITS, Activating, grant, state_of
from tests.integration.chip.people import PASSWORD
from tests.integration.way_back import prepare
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


def press(browser: Browser, page, action: str):
    """Press the button of the form with this action."""
    pattern = rf'action="{action}".*?csrf_token" value="([0-9a-f]+)"'
    found = re.search(pattern, page.text, re.DOTALL)
    assert found, page.text
    return browser.client.post(action, data={"csrf_token": found[1]})


@pytest.fixture
def counter(app) -> Browser:
    browser = Browser(app.test_client())
    press(browser, browser.visit("/counter"), "/counter")
    assert browser.client.get_cookie("dd_counter")
    return browser


def sign_in(browser: Browser, citizen) -> None:
    browser.visit("/account")
    browser.submit(personal_number=citizen.person.number, password=PASSWORD)


def later(monkeypatch, **passed) -> None:
    now = clock.now() + timedelta(**passed)
    monkeypatch.setattr(clock, "now", lambda: now)


@on_each_backend
def test_one_button_ends_everything(app, provider, counter) -> None:
    """The session, its portals' tokens and our cookies; the computer stays shared."""
    citizen = prepare(provider)
    portal = Portal.register(provider, "tax")
    sign_in(counter, citizen)
    counter.visit(portal.url())
    page = counter.submit(decision="allow")
    tokens = portal.redeem(counter.client, answer(page)["code"])
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert counter.client.get("/userinfo", headers=headers).status_code == 200

    done = press(counter, counter.visit("/account"), "/counter/done")

    assert done.headers["Location"] == "/counter"
    assert done.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert counter.client.get_cookie("dd_session") is None
    assert counter.client.get_cookie("dd_counter")
    assert at(counter.visit("/account")) == "login"
    assert counter.client.get("/userinfo", headers=headers).status_code == 401
    silent = counter.visit(portal.url(prompt="none"))
    assert answer(silent)["error"] == "login_required"


@on_each_backend
def test_a_sign_in_is_short(app, provider, counter, monkeypatch) -> None:
    """Idle for five minutes, or twenty in all, whatever becomes of the cookie."""
    citizen = prepare(provider)
    sign_in(counter, citizen)
    home = Browser(app.test_client())
    sign_in(home, citizen)
    assert at(counter.visit("/account")) == "account"
    counter.client.delete_cookie("dd_counter")
    later(monkeypatch, seconds=provider.config.lifetimes.counter_idle)

    assert at(counter.visit("/account")) == "login"
    assert at(home.visit("/account")) == "account"


def test_it_leaves_no_mark_and_takes_no_passkey(app, provider, counter) -> None:
    """No known device, no passkey, no suggestions; the banner on every page."""
    citizen = prepare(provider)
    page = counter.visit("/account")
    assert 'autocomplete="off"' in page.text
    assert "webauthn" not in page.text
    counter.submit(personal_number=citizen.person.number, password=PASSWORD)
    assert counter.client.get_cookie("dd_device") is None

    for path in ("/account/ways/passkey",):
        page = counter.visit(path)
        assert (error_code(page), page.status_code) == ("DD-CTR-001", 403)
    for path in ("/account", "/help", "/counter", "/nowhere", "/account/history"):
        assert "Xong – thoát mọi nơi" in counter.visit(path).text, path
    assert "máy dùng chung" in counter.page.text
    home = Browser(app.test_client())
    sign_in(home, citizen)
    assert home.client.get_cookie("dd_device")
    assert "Xong – thoát mọi nơi" not in home.visit("/account").text


def test_entering_and_leaving_end_what_was(app, provider) -> None:
    """A long sign-in never comes into the mode, a short one never out of it."""
    citizen = prepare(provider)
    browser = Browser(app.test_client())
    sign_in(browser, citizen)
    press(browser, browser.visit("/counter"), "/counter")
    assert at(browser.visit("/account")) == "login"
    browser.submit(personal_number=citizen.person.number, password=PASSWORD)
    press(browser, browser.visit("/counter"), "/counter/leave")

    assert browser.client.get_cookie("dd_counter") is None
    assert at(browser.visit("/account")) == "login"


def test_the_button_needs_its_token(app, provider, counter) -> None:
    """Another site's page ends nobody's sign-in; a reopened browser has a good one."""
    sign_in(counter, prepare(provider))
    refused = counter.client.post("/counter/done", data={"csrf_token": "0" * 64})
    assert error_code(refused) == "DD-WEB-010"
    assert at(counter.visit("/account")) == "account"
    counter.client.delete_cookie("dd_browser")
    page = counter.client.get("/help")
    assert press(counter, page, "/counter/done").status_code == 303


@on_each_backend
def test_activation_offers_a_passcode_only(app, provider, counter) -> None:
    """The helper's computer never becomes the citizen's factor; the citizen sees it."""
    citizen = grant(provider)
    activating = Activating(counter, Activating.open(app, provider).post)
    page = activating.prepare(citizen.person.number)
    assert "data-passkey" not in page.text
    assert "passkey.js" not in page.text
    options = f"{activating.case}/passkey/options"
    for path in (options, f"{activating.case}/passkey"):
        refused = counter.client.post(path, data={"csrf_token": "0" * 64})
        assert error_code(refused) == "DD-CTR-001"
    activating.choose_passcode(DIGITS)
    assert state_of(provider, citizen.id)[0] == "active"
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, citizen.id, 9)
    activated = next(event for event in events if event.type == "AccountActivated")
    assert activated.data == {"second": "passcode", "place": "counter"}
