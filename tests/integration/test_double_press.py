"""A button that is pressed twice: the browser follows the second press only.

What the first press answered, cookies included, never reaches the browser then.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code, step_form
from tests.services import BACKENDS


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


def stand_in(app: Flask, browser: Browser) -> Browser:
    """Return a browser with the cookies that `browser` has now."""
    other = Browser(app.test_client())
    for name in ("dd_browser", "dd_session", "dd_device"):
        cookie = browser.client.get_cookie(name)
        if cookie is not None:
            other.client.set_cookie(name, cookie.value)
    other.page = browser.page
    return other


def test_password(app: Flask, provider: Provider, portal: Portal) -> None:
    """Each press proves the password, so the second goes on like the first."""
    person = citizen(provider, state="active", factors=["pwd"])
    first = Browser(app.test_client())
    first.visit(portal.url())
    second = stand_in(app, first)

    assert at(first.sign_in(person)) == "consent"
    assert at(second.sign_in(person)) == "consent"
    assert "code" in answer(second.submit(decision="allow"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("kind", ["totp", "sms"])
def test_one_time_code(
    app: Flask, provider: Provider, portal: Portal, kind: str, at_once: bool
) -> None:
    """The code is used up and the cookie changed, yet the second press goes on."""
    person = citizen(provider, state="active", factors=["pwd", kind])
    first = Browser(app.test_client())
    first.visit(portal.url())
    first.submit(personal_number=person["personal_number"], password=person["password"])
    code = a_code(first, person, kind)
    second = stand_in(app, first)

    def press(browser: Browser) -> str:
        return at(browser.submit(otp=code))

    if at_once:
        with ThreadPoolExecutor(2) as pool:
            places = list(pool.map(press, [first, second]))
    else:
        places = [press(first), press(second)]

    assert places == ["consent", "consent"]
    assert "code" in answer(second.submit(decision="allow"))


def test_the_old_cookie_alone_is_worth_nothing(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """Whoever planted the cookie before the code was typed gains nothing (S1)."""
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    victim = Browser(app.test_client())
    victim.visit(portal.url())
    victim.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    attacker = stand_in(app, victim)
    code = victim.one_time_code(person)
    victim.submit(otp=code)

    wrong = attacker.submit(otp="000000" if code != "000000" else "111111")

    assert at(wrong) == "login"
    assert at(attacker.visit("/account")) == "login"


def test_consent(app: Flask, provider: Provider, portal: Portal) -> None:
    """Allow pressed twice at once is one grant and two answers to the portal."""
    person = citizen(provider, state="active", factors=["pwd"])
    first = Browser(app.test_client())
    first.visit(portal.url())
    first.sign_in(person)
    second = stand_in(app, first)

    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda b: b.submit(decision="allow"), [first, second]))

    assert all("code" in answer(page) for page in pages)
    told = portal.redeem(second.client, answer(pages[1])["code"])
    assert told["claims"]["aud"] == "tax"


def test_back_after_the_end(provider: Provider, portal: Portal, app: Flask) -> None:
    """A form of a step that is done goes on or says so; nothing breaks."""
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    browser = Browser(app.test_client())
    login = browser.visit(portal.url())
    otp = browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    consent = browser.submit(otp=browser.one_time_code(person))
    browser.submit(decision="allow")

    for page in (login, otp, consent):
        again = browser.visit(page.request.path)
        assert error_code(again) in (None, "DD-TXN-004")
        assert again.status_code < 500
    assert at(browser.submit(otp, otp="123456")) == "portal"
    assert step_form(consent).method == "post"


def a_code(browser: Browser, person: dict, kind: str) -> str:
    if kind == "totp":
        return browser.one_time_code(person)
    query = {"phone": person["phone"]}
    message = browser.client.get("/sandbox/outbox.json", query_string=query)
    words = message.get_json()[0]["text"].replace(",", " ").split()
    return next(word for word in words if word.isdigit() and len(word) == 6)
