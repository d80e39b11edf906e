"""A ward's own sign-in waits for the representative's word (D69/2024 art. 14.2)."""

import re

import pytest
from flask import Flask

from idp import clock
from idp.accounts import representation
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at
from tests.integration.acting import (
    CHILD,
    GUARDIAN,
    NOBODY,
    account,
    finish,
    portal_for,
    press,
    sign_in,
)


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return portal_for(provider)


@pytest.fixture
def child(app: Flask, provider: Provider, portal: Portal) -> Browser:
    """Return the child's browser, waiting."""
    browser = sign_in(app, provider, CHILD, portal.url())
    assert browser.page is not None
    assert at(browser.page) == "confirmation"
    return browser


def number_shown(browser: Browser) -> str:
    page = browser.submit()
    found = re.search(r'class="match-number"[^>]*>(\d{2})<', page.text)
    assert found is not None, page.text
    return found[1]


def test_the_child_goes_on_once_it_is_confirmed(
    app: Flask, provider: Provider, portal: Portal, child: Browser
) -> None:
    """The guardian types the number on their own page; the session keeps it."""
    assert child.page is not None
    place = child.page.request.path
    resume = f"/authorize/resume?transaction={place.split('/')[2]}"
    number = number_shown(child)
    assert at(child.visit(resume)) == "confirmation"

    guardian = sign_in(app, provider, GUARDIAN, "/account/wards")
    assert guardian.page is not None
    assert "Bùi Gia Quân" in guardian.page.text
    press(guardian, "/confirm", number=number, decision="allow")

    assert at(child.visit(resume)) == "consent"
    claims = finish(child, portal)["claims"]
    assert "act" not in claims
    assert at(child.visit("/account")) == "account"
    assert at(child.visit(portal.url(prompt="none"))) == "portal"
    with provider.database.read() as connection:
        recent = provider.audit.recent(connection, account(provider, CHILD), 10)
    assert "SignInConfirmed" in {entry.type for entry in recent}
    assert "Đỗ Thị Phương" in child.visit("/account/wards").text


@pytest.mark.parametrize("answered", ["wrong", "deny"])
def test_a_wrong_number_or_a_refusal_ends_it(
    app: Flask, provider: Provider, child: Browser, answered: str
) -> None:
    """The right number afterwards is too late; the child may ask again."""
    right = number_shown(child)
    wrong = "10" if right != "10" else "11"
    guardian = sign_in(app, provider, GUARDIAN, "/account/wards")
    question = guardian.page
    decision = "deny" if answered == "deny" else "allow"
    press(guardian, "/confirm", number=wrong, decision=decision)

    guardian.page = question
    page = press(guardian, "/confirm", number=right, decision="allow")

    assert page.status_code == 422
    assert child.page is not None
    assert at(child.visit(child.page.request.path)) == "confirmation"
    assert number_shown(child)


def test_nobody_else_confirms(app: Flask, provider: Provider, child: Browser) -> None:
    """Neither a stranger nor the child itself; not even a former guardian."""
    number = number_shown(child)
    address = f"/account/wards/{account(provider, CHILD)}/confirm"
    guardian = sign_in(app, provider, GUARDIAN, "/account/wards")
    stranger = sign_in(app, provider, NOBODY, "/account/wards")
    posted = {"number": number, "decision": "allow", "csrf_token": "x"}
    assert stranger.visit(address, data=posted).status_code in (400, 403)
    assert at(child.visit(address, data=posted)) in ("confirmation", "account")
    with provider.database.transaction() as session:
        representation.dismiss(
            session, provider.audit,
            representative_id=account(provider, GUARDIAN),
            ward_id=account(provider, CHILD), reason="court", now=clock.now(),
        )  # fmt: skip

    page = press(guardian, "/confirm", number=number, decision="allow")

    assert page.status_code == 404


def test_nothing_of_the_child_is_shown_before(child: Browser, portal: Portal) -> None:
    """No silent answer, no own page."""
    page = child.visit(portal.url(prompt="none"))
    assert answer(page)["error"] == "interaction_required"
    assert at(child.visit("/account")) == "confirmation"
    assert at(child.visit("/account/permissions")) == "confirmation"


def test_asking_too_often_has_to_wait(child: Browser) -> None:
    """A child's password alone does not ring a guardian all night."""
    pages = [child.submit() for _ in range(11)]

    assert pages[-1].status_code == 429


def test_from_fourteen_on_no_word_is_needed(
    app: Flask,
    provider: Provider,
    portal: Portal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The confirmations end with the age, the representation goes on."""
    later = clock.now().replace(year=2030, month=6)
    monkeypatch.setattr(clock, "now", lambda: later)

    browser = sign_in(app, provider, CHILD, portal.url())

    assert browser.page is not None
    assert at(browser.page) == "consent"
    with provider.database.read() as connection:
        found = representation.wards_of(
            connection, account(provider, GUARDIAN), now=later
        )
    assert [one.account_id for one in found] == [account(provider, CHILD)]
