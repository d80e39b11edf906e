"""A passcode confirms ordinary actions, lifts no level and opens no sign-in."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from idp import clock
from idp.factors import passcode
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.chip.people import PASSWORD
from tests.integration.way_back import Post, prepare
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
DIGITS = "493817"


def sign_in(app: Flask, citizen) -> Browser:
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(personal_number=citizen.person.number, password=PASSWORD)
    return browser


def give(provider: Provider, citizen, digits: str = DIGITS) -> None:
    hashed = passcode.hash_passcode(provider.passwords, digits)
    with provider.database.transaction() as session:
        passcode.enrol(
            session,
            provider.audit,
            provider.sealer,
            citizen.id,
            hashed,
            now=clock.now(),
        )


def later(monkeypatch, **passed) -> None:
    now = clock.now() + timedelta(**passed)
    monkeypatch.setattr(clock, "now", lambda: now)


@on_each_backend
def test_it_is_set_and_changed(app, provider) -> None:
    """By the rules, typed twice, told to the contacts, and seen among the ways."""
    citizen = prepare(provider)
    browser, post = sign_in(app, citizen), Post(provider)

    found = []
    for digits, again in (
        ("", ""),
        ("12345", "12345"),
        ("123456", "123456"),
        (citizen.person.number[2:8], citizen.person.number[2:8]),
        (DIGITS, "493818"),
    ):
        browser.visit("/account/ways/passcode")
        found.append(error_code(browser.submit(passcode=digits, again=again)))
    assert found == [f"DD-AUTH-0{code}" for code in ("06", "45", "46", "47", "48")]

    browser.visit("/account/ways/passcode")
    page = browser.submit(passcode=DIGITS, again=DIGITS)
    assert page.request.path == "/account/factors"
    assert "Mã bí mật 6 số" in page.text
    assert "ma bi mat" in post.messages()[0]
    browser.visit("/account/ways/passcode")
    browser.submit(passcode="280461", again="280461")
    text = browser.visit("/account/factors").text
    assert len(re.findall(r"<h2>Mã bí mật 6 số</h2>", text)) == 1


@on_each_backend
def test_it_confirms_an_action_in_place_of_the_password(
    app, provider, monkeypatch
) -> None:
    """The ordinary action goes on; what decides who signs in asks for more."""
    citizen = prepare(provider)
    give(provider, citizen)
    browser = sign_in(app, citizen)
    places = browser.visit("/account/places")
    later(monkeypatch, minutes=10)

    page = browser.submit(places)
    assert at(page) == "passcode"
    assert error_code(browser.submit(passcode="000000")) == "DD-AUTH-008"
    page = browser.submit(passcode="493 817")
    assert page.request.path == "/account/places"
    assert "mã bí mật" in browser.visit("/account").text
    assert at(browser.visit("/account/password")) == "login"


def test_a_portal_hears_nothing_of_it(app, provider, monkeypatch) -> None:
    """Neither level, method nor time of the sign-in changes, and max_age asks anew."""
    citizen = prepare(provider)
    give(provider, citizen)
    portal = Portal.register(provider, "tax")
    browser = sign_in(app, citizen)
    browser.visit(portal.url())
    browser.submit(decision="allow")
    before = portal.round(browser)["claims"]
    places = browser.visit("/account/places")
    later(monkeypatch, minutes=10)
    browser.submit(places)
    browser.submit(passcode=DIGITS)

    after = portal.round(browser)["claims"]
    assert [after[name] for name in ("acr", "amr", "auth_time")] == [
        before[name] for name in ("acr", "amr", "auth_time")
    ]
    page = browser.visit(portal.url(max_age="300"))
    assert at(page) == "login"
    transaction = page.request.path.rpartition("/")[2]
    assert at(browser.visit(f"/passcode/{transaction}")) == "login"
    silent = browser.visit(portal.url(max_age="300", prompt="none"))
    assert answer(silent)["error"] == "login_required"


def test_guessing_ends(app, provider, monkeypatch) -> None:
    """Five wrong ones, and then not even the right one for a while."""
    citizen = prepare(provider)
    give(provider, citizen)
    browser = sign_in(app, citizen)
    places = browser.visit("/account/places")
    later(monkeypatch, minutes=10)
    browser.submit(places)

    seen = [error_code(browser.submit(passcode=f"00000{n}")) for n in range(5)]
    page = browser.submit(passcode=DIGITS)

    assert seen == ["DD-AUTH-008"] * 5
    assert (error_code(page), page.status_code) == ("DD-AUTH-002", 429)


def test_nobody_else_is_asked(app, provider) -> None:
    """Without a session, or with a fresh one, the page is not this step's."""
    citizen = prepare(provider)
    give(provider, citizen)
    browser = Browser(app.test_client())
    page = browser.visit("/account")
    transaction = page.request.path.rpartition("/")[2]
    assert at(browser.visit(f"/passcode/{transaction}")) == "login"

    browser.submit(personal_number=citizen.person.number, password=PASSWORD)
    assert at(browser.visit(f"/passcode/{transaction}")) == "account"
