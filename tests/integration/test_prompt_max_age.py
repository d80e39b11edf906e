"""`prompt` and `max_age`: when a citizen is asked again (Core §3.1.2.1)."""

import time

import pytest
from flask.testing import FlaskClient

from idp import clock
from idp.accounts.identifiers import find_account_id
from idp.accounts.lifecycle import place_lock
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, step_form


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(provider: Provider, portal: Portal, client: FlaskClient) -> Browser:
    """Return a browser that is signed in and has consented."""
    signed_in = Browser(client)
    signed_in.visit(portal.url())
    signed_in.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    signed_in.submit(decision="allow")
    return signed_in


def sign_in_again(provider: Provider, portal: Portal, browser: Browser) -> int:
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    claims = portal.redeem(browser.client, answer(page)["code"])["claims"]
    auth_time: int = claims["auth_time"]
    return auth_time


def test_prompt_login(provider: Provider, portal: Portal, browser: Browser) -> None:
    """A new sign-in is asked once, without a loop, and `auth_time` is later."""
    before = portal.round(browser)["claims"]
    time.sleep(1.1)

    assert at(browser.visit(portal.url(prompt="login"))) == "login"
    assert sign_in_again(provider, portal, browser) > before["auth_time"]
    assert portal.round(browser)["claims"]["sid"] == before["sid"]


def test_max_age_zero(provider: Provider, portal: Portal, browser: Browser) -> None:
    """max_age=0 asks however young the last sign-in is."""
    assert at(browser.visit(portal.url(max_age="0"))) == "login"
    sign_in_again(provider, portal, browser)


def test_max_age_one(provider: Provider, portal: Portal, browser: Browser) -> None:
    """After its time the sign-in is asked again, and is later then."""
    before = portal.round(browser)["claims"]["auth_time"]
    time.sleep(2.1)

    assert at(browser.visit(portal.url(max_age="1"))) == "login"
    assert sign_in_again(provider, portal, browser) > before


def test_max_age_long(portal: Portal, browser: Browser) -> None:
    """A young sign-in is not asked again and keeps its `auth_time`."""
    first = portal.round(browser)["claims"]["auth_time"]

    assert portal.round(browser, max_age="10000")["claims"]["auth_time"] == first


def test_default_max_age(provider: Provider, browser: Browser, portal: Portal) -> None:
    """The registered default_max_age holds where the request says nothing."""
    Portal.register(provider, "tax", default_max_age=1)
    time.sleep(2.1)

    assert at(browser.visit(portal.url())) == "login"
    assert at(browser.visit(portal.url(max_age="600"))) == "portal"


@pytest.mark.parametrize("changes", [{"max_age": "0"}, {"scope": "openid residence"}])
def test_silent_failure(
    portal: Portal, browser: Browser, changes: dict[str, str]
) -> None:
    """prompt=none shows no page: what is unmet becomes its error (K4)."""
    told = answer(browser.visit(portal.url(prompt="none", **changes)))

    assert told["error"] == (
        "login_required" if "max_age" in changes else "consent_required"
    )


def test_prompt_consent(portal: Portal, browser: Browser) -> None:
    """Consent is asked again, once."""
    assert at(browser.visit(portal.url(prompt="consent"))) == "consent"
    assert "code" in answer(browser.submit(decision="allow"))


def test_prompt_select_account(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """The chooser offers the signed-in person, or a sign-in as another."""
    before = portal.round(browser)["claims"]
    page = browser.visit(portal.url(prompt="select_account"))
    assert at(page) == "choose"
    buttons = dict(step_form(page).buttons)
    page = browser.submit(account=buttons["account"])
    claims = portal.redeem(browser.client, answer(page)["code"])["claims"]
    assert claims["auth_time"] == before["auth_time"]

    browser.visit(portal.url(prompt="select_account"))
    assert at(browser.submit(decision="other")) == "login"
    browser.sign_in(citizen(provider, account_level=1, factors=["pwd"]))
    page = browser.submit(decision="allow")
    other = portal.redeem(browser.client, answer(page)["code"])["claims"]
    assert other["sub"] != before["sub"]
    assert other["sid"] != before["sid"]


def test_former_session_is_over(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """Another person's sign-in ends the former session's access tokens (S3)."""
    tokens = portal.round(browser)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.client.get("/userinfo", headers=headers).status_code == 200

    browser.visit(portal.url(prompt="login"))
    browser.sign_in(citizen(provider, account_level=1, factors=["pwd"]))

    assert browser.client.get("/userinfo", headers=headers).status_code == 401


def test_lock_meanwhile(provider: Provider, portal: Portal, browser: Browser) -> None:
    """A lock stops a live session; the citizen reads why, the portal does not."""
    number = citizen(provider, account_level=2, factors=["pwd"])["personal_number"]
    with provider.database.transaction() as session:
        account_id = find_account_id(session.connection(), provider.sealer, number)
        assert account_id is not None
        place_lock(
            session,
            provider.audit,
            account_id,
            ground="holder_request",
            asker="holder",
            now=clock.now(),
        )

    told = answer(browser.visit(portal.url(prompt="none")))
    assert set(told) == {"error", "state", "iss"}
    assert told["error"] == "login_required"
    assert at(browser.visit(portal.url())) == "refused"
