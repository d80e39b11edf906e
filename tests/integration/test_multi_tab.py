"""Several tabs, portals, people and browsers at once."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code


@pytest.fixture
def tax(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def bank(provider: Provider) -> Portal:
    return Portal.register(provider, "bank")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def transaction_at(path: str) -> str:
    return path.rpartition("/")[2]


@pytest.mark.parametrize("is_first_first", [True, False])
def test_two_portals(
    provider: Provider,
    tax: Portal,
    bank: Portal,
    browser: Browser,
    is_first_first: bool,
) -> None:
    """Two sign-ins finish in any order, each at its own portal (S6)."""
    pages = {
        "tax": browser.visit(tax.url(state="for tax")),
        "bank": browser.visit(bank.url(state="for bank")),
    }
    order = ["tax", "bank"] if is_first_first else ["bank", "tax"]
    person = citizen(provider, account_level=2, factors=["pwd"])

    browser.page = pages[order[0]]
    browser.sign_in(person)
    first = browser.submit(decision="allow")
    name = transaction_at(pages[order[1]].request.path)
    browser.visit(f"/authorize/resume?transaction={name}")
    second = browser.submit(decision="allow")

    for page, portal_name in ((first, order[0]), (second, order[1])):
        portal = {"tax": tax, "bank": bank}[portal_name]
        assert page.headers["Location"].startswith(portal.redirect_uri)
        told = answer(page)
        assert told["state"] == f"for {portal_name}"
        assert portal.redeem(browser.client, told["code"])["claims"]["aud"] == (
            portal_name
        )


def test_password_in_both_tabs(
    provider: Provider, tax: Portal, bank: Portal, browser: Browser
) -> None:
    """Signing in twice, in two tabs, is one session with two portals."""
    first, second = browser.visit(tax.url()), browser.visit(bank.url())
    person = citizen(provider, account_level=2, factors=["pwd"])
    tokens = []
    for page, portal in ((first, tax), (second, bank)):
        browser.page = page
        browser.sign_in(person)
        done = browser.submit(decision="allow")
        tokens.append(portal.redeem(browser.client, answer(done)["code"])["claims"])

    assert tokens[0]["sid"] != tokens[1]["sid"], "no name links two sectors"
    assert tax.round(browser)["claims"]["sid"] == tokens[0]["sid"]


def test_another_person_in_another_tab(
    provider: Provider, tax: Portal, bank: Portal, browser: Browser
) -> None:
    """A tab whose person was replaced asks who goes on (S5)."""
    waiting = browser.visit(tax.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    browser.visit(bank.url(prompt="login"))
    browser.sign_in(citizen(provider, account_level=1, factors=["pwd"]))

    name = transaction_at(waiting.request.path)
    page = browser.visit(f"/authorize/resume?transaction={name}")

    assert at(page) == "choose"


def test_foreign_browser(
    app: Flask, provider: Provider, tax: Portal, browser: Browser
) -> None:
    """A transaction cannot be gone on with in another browser (C7)."""
    page = browser.visit(tax.url())
    name = transaction_at(page.request.path)
    other = Browser(app.test_client())

    for url in (f"/authorize/resume?transaction={name}", f"/login/{name}"):
        assert error_code(other.visit(url)) == "DD-TXN-005"
    other.visit(tax.url())
    for url in (f"/authorize/resume?transaction={name}", f"/login/{name}"):
        assert error_code(other.visit(url)) == "DD-TXN-003"
    cancelled = other.visit("/authorize/cancel", data={"transaction": name})
    assert error_code(cancelled) == "DD-TXN-003"
    assert "Location" not in cancelled.headers


def test_victim_in_the_attackers_transaction(
    app: Flask, provider: Provider, tax: Portal, browser: Browser
) -> None:
    """A transaction holds no proof: the one who planted it gains nothing (S1)."""
    attacker = Browser(app.test_client())
    page = attacker.visit(tax.url())
    planted = attacker.client.get_cookie("dd_browser")
    assert planted is not None
    browser.client.set_cookie("dd_browser", planted.value)
    browser.visit(page.request.path)
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))

    name = transaction_at(page.request.path)
    resumed = attacker.visit(f"/authorize/resume?transaction={name}")

    assert at(resumed) == "login"


def test_unknown_transaction(browser: Browser, tax: Portal) -> None:
    """A guessed or missing transaction gets a page with its code."""
    browser.visit(tax.url())
    for query in ("", "?transaction=guess", "?transaction=%00"):
        page = browser.visit(f"/authorize/resume{query}")
        assert (page.status_code, error_code(page)) == (400, "DD-TXN-001")


def test_back_and_double_click(
    provider: Provider, tax: Portal, browser: Browser
) -> None:
    """The last step pressed twice answers twice; both answers are the portal's."""
    browser.visit(tax.url(state="s"))
    consent = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))

    answers = [answer(browser.submit(consent, decision="allow")) for _ in range(2)]

    assert answers[0]["code"] != answers[1]["code"]
    assert [told["state"] for told in answers] == ["s", "s"]


def test_cookies(app: Flask, provider: Provider, tax: Portal, browser: Browser) -> None:
    """Cookies are HttpOnly and Lax; the session's value changes at the sign-in (S1)."""
    browser.client.set_cookie("dd_session", "planted")
    response = browser.client.get(tax.url())
    header = response.headers["Set-Cookie"]
    assert header.startswith("dd_browser=")
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header

    browser.visit(tax.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    cookie = browser.client.get_cookie("dd_session")
    assert cookie is not None
    assert cookie.value != "planted"


def test_locked_account(provider: Provider, tax: Portal, browser: Browser) -> None:
    """A locked account's refusal comes after the password and leads back."""
    browser.visit(tax.url(state="s"))
    page = browser.sign_in(citizen(provider, lock="holder_request"))

    assert at(page) != "portal"
    told = answer(browser.submit())
    assert (told["error"], told["state"]) == ("access_denied", "s")
