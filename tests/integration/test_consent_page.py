"""The consent page: the very values, the citizen's choice, nothing by stealth."""

from html import unescape

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code, step_form

POLICY = [
    {
        "claim": "name",
        "purpose#vi": "Lập hồ sơ",
        "purpose#en": "To open your file",
        "legal_basis": "Article 5",
    },
    {"claim": "phone_number", "purpose": "To call you", "voluntary": True},
    {"claim": "residence", "purpose": "To find the office"},
]


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(
        provider,
        "desk",
        scope="openid profile phone residence personal_number offline_access",
        claims_policy=POLICY,
    )


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


@pytest.fixture
def person(provider: Provider) -> dict:
    return citizen(provider, account_level=2, state="active", factors=["pwd"])


@pytest.fixture
def asked(browser: Browser, portal: Portal, person: dict) -> Browser:
    """Return a browser at the consent page, in English."""
    scope = "openid profile phone residence personal_number"
    browser.visit(portal.url(scope=scope, ui_locales="en"))
    assert at(browser.sign_in(person)) == "consent"
    return browser


def userinfo(browser: Browser, portal: Portal) -> dict:
    tokens = portal.redeem(browser.client, answer(browser.page)["code"])
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return browser.client.get("/userinfo", headers=headers).get_json()


def test_shows_values_purpose_and_basis(asked: Browser, person: dict) -> None:
    """The page holds exactly what will be given, why, and on which basis."""
    text = unescape(asked.page.text).replace("\u00a0", "")

    assert person["personal_number"] in text
    assert person["phone"] in text
    assert "To open your file" in text
    assert "Article 5" in text
    assert "To find the office" in text


def test_allow_gives_what_is_ticked(asked: Browser, portal: Portal, person) -> None:
    """A voluntary claim is given when it is ticked."""
    asked.submit(decision="allow", claim="phone_number")

    given = userinfo(asked, portal)
    assert given["phone_number"] == person["phone"]
    assert given["residence"]["permanent"]["text"]


def test_allow_withholds_what_is_not_ticked(asked: Browser, portal: Portal) -> None:
    """A voluntary claim that is not ticked stays with the citizen, the rest goes."""
    asked.submit(decision="allow", claim=[])

    given = userinfo(asked, portal)
    assert "phone_number" not in given
    assert given["name"]


def test_invented_claims_are_ignored(asked: Browser, portal: Portal) -> None:
    """A form cannot consent to what its page did not ask."""
    asked.submit(decision="allow", claim=["household", "email", "sub"])

    assert not {"household", "email"} & userinfo(asked, portal).keys()


def test_deny(asked: Browser, browser: Browser, portal: Portal) -> None:
    """Refusing gives nothing, and the next request asks again."""
    page = asked.submit(decision="deny")

    assert answer(page)["error"] == "access_denied"
    assert at(browser.visit(portal.url())) == "consent"


@pytest.mark.parametrize("decision", ["", "yes", "allow\x00"])
def test_other_decisions_decide_nothing(asked: Browser, decision: str) -> None:
    """Only allow and deny are answers."""
    page = asked.submit(decision=decision)

    assert error_code(page) == "DD-WEB-400"


def test_an_unseen_question_is_not_answered(
    asked: Browser, browser: Browser, portal: Portal, app
) -> None:
    """The form of a narrower page does not fit a wider question."""
    page = asked.page
    stolen = dict(step_form(page).fields)["csrf_token"]
    wider = portal.url(scope="openid profile offline_access")
    browser.visit(wider)

    refused = browser.submit(decision="allow", csrf_token=stolen)

    assert error_code(refused) == "DD-WEB-010"


def test_withheld_is_told_to_the_citizen(
    provider: Provider, browser: Browser, portal: Portal
) -> None:
    """Below the level a claim is not given, and the page says so."""
    person = citizen(provider, account_level=1, state="active", factors=["pwd"])
    browser.visit(portal.url(scope="openid profile residence", ui_locales="en"))

    page = browser.sign_in(person)

    assert "Asked for, and not given" in page.text
    assert "Your account&#39;s level does not reach it." in page.text
    assert "residence" not in dict(step_form(page).fields)
