"""A lock acts at once: on the sign-in page, on open sessions, and on every token."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from idp import clock
from idp.accounts import identifiers, lifecycle
from idp.accounts.lifecycle import LOCK_GROUNDS
from idp.accounts.models import Account
from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen, error_code

REFUSALS = {"submitted": "011", "in_review": "012", "granted": "013"}


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
    browser.visit(portal.url(scope="openid profile offline_access"))
    browser.sign_in(person)
    browser.submit(decision="allow")
    return browser


def account_of(provider: Provider, person: dict) -> UUID:
    with provider.database.read() as connection:
        found = identifiers.find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
    assert found is not None
    return found


def lock(provider: Provider, person: dict, ground: str = "authority_request") -> None:
    with provider.database.transaction() as session:
        lifecycle.place_lock(
            session,
            provider.audit,
            account_of(provider, person),
            ground=ground,
            asker="authority",
            now=clock.now(),
        )


@pytest.mark.parametrize("ground", LOCK_GROUNDS)
def test_each_ground_is_told_after_the_password(
    provider: Provider, client: FlaskClient, portal: Portal, person: dict, ground: str
) -> None:
    """A wrong password learns nothing of the lock; the right one learns its ground."""
    lock(provider, person, ground)
    browser = Browser(client)
    browser.visit(portal.url())

    wrong = browser.submit(
        personal_number=person["personal_number"], password="not-the-password"
    )
    assert error_code(wrong) == "DD-AUTH-001"
    refused = browser.sign_in(person)

    assert refused.status_code == 403
    assert error_code(refused) not in (None, "DD-AUTH-001", "DD-WEB-500")
    assert browser.client.get_cookie("dd_session") is None
    assert at(browser.visit("/account")) == "login"


def test_grounds_are_told_apart(
    provider: Provider, client: FlaskClient, portal: Portal, person: dict
) -> None:
    """Each ground has a code of its own, and several locks hold until the last."""
    codes = set()
    for ground in LOCK_GROUNDS:
        lock(provider, person, ground)
        browser = Browser(client)
        browser.visit(portal.url())
        codes.add(error_code(browser.sign_in(person)))
        with provider.database.transaction() as session:
            lifecycle.lift_lock(
                session,
                provider.audit,
                account_of(provider, person),
                ground=ground,
                asker="authority",
                now=clock.now(),
            )
    browser = Browser(client)
    browser.visit(portal.url())

    assert len(codes) == len(LOCK_GROUNDS)
    assert at(browser.sign_in(person)) == "consent"


@pytest.mark.parametrize("state", REFUSALS)
def test_only_active_accounts_sign_in(
    provider: Provider, client: FlaskClient, portal: Portal, person: dict, state: str
) -> None:
    """Each earlier state is refused by its own code."""
    with provider.database.transaction() as session:
        accounts = sa.update(Account).where(Account.id == account_of(provider, person))
        session.execute(accounts.values(state=state))
    browser = Browser(client)
    browser.visit(portal.url())

    page = browser.sign_in(person)

    assert error_code(page) == f"DD-AUTH-{REFUSALS[state]}"
    assert browser.client.get_cookie("dd_session") is None


def test_the_dispatcher_stops(
    provider: Provider, browser: Browser, portal: Portal, person: dict
) -> None:
    """A live session of a locked account reaches no portal, aloud or silently."""
    lock(provider, person)

    silent = browser.visit(portal.url(prompt="none"))
    page = browser.visit(portal.url())

    assert answer(silent)["error"] == "login_required"
    assert at(page) == "refused"
    assert page.status_code == 403


def test_tokens_die(
    provider: Provider, browser: Browser, portal: Portal, person: dict
) -> None:
    """Userinfo, introspection, refresh and a code under way stop at the lock."""
    tokens = portal.redeem(browser.client, answer(browser.page)["code"])
    pending = answer(browser.visit(portal.url()))["code"]
    verifier = portal.verifier
    own = {"client_id": portal.client_id, "client_secret": SECRET}
    lock(provider, person)

    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    asked = {"token": tokens["access_token"], **own}
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        **own,
    }
    redeem = {
        "grant_type": "authorization_code",
        "code": pending,
        "redirect_uri": portal.redirect_uri,
        "code_verifier": verifier,
        **own,
    }
    client = browser.client
    assert client.get("/userinfo", headers=headers).status_code == 401
    assert client.post("/introspect", data=asked).get_json() == {"active": False}
    for form in (refresh, redeem):
        refused = client.post("/token", data=form)
        assert refused.status_code == 400
        assert refused.get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "path", ["", "/data", "/permissions", "/places", "/factors", "/history"]
)
def test_the_account_page_closes(
    provider: Provider, browser: Browser, person: dict, path: str
) -> None:
    """Nothing that is held is shown any more, only why."""
    lock(provider, person)

    page = browser.visit(f"/account{path}")

    assert at(page) == "refused"
    assert person["phone"].removeprefix("+84") not in page.text
