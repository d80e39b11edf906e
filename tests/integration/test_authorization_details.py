"""Authorization details (RFC 9396): a `residence_query` from the request to the API."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen
from tests.integration.token_side import claims_of, userinfo
from tests.integration.waiting_side import ask, begin, kiosk_for, poll, type_code

QUERY = {"type": "residence_query", "datatypes": ["residence"]}
API = {**QUERY, "actions": ["read"], "locations": ["https://residence.example/api"]}


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(
        provider,
        "tax",
        scope="openid profile offline_access residence household",
        authorization_details_types=["residence_query", "openid_credential"],
    )


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def sign_in(
    browser: Browser, portal: Portal, *details: Any, level: int = 2, **asked: Any
) -> dict[str, Any]:
    """Sign in, allow what is asked, and return the tokens."""
    page = browser.visit(portal.url(authorization_details=json.dumps(details), **asked))
    if at(page) == "login":
        person = citizen(
            portal.provider, account_level=level, factors=["pwd"], state="active"
        )
        page = browser.sign_in(person)
    assert at(page) == "consent", page.text
    page = browser.submit(decision="allow")
    return portal.redeem(browser.client, answer(page)["code"])


def introspect(client: FlaskClient, portal: Portal, token: str) -> dict[str, Any]:
    form = {"client_id": portal.client_id, "client_secret": SECRET, "token": token}
    return dict(client.post("/introspect", data=form).get_json())


def test_from_request_to_api(portal: Portal, browser: Browser) -> None:
    """Token response, access token and introspection say the same (§7, §9)."""
    page = browser.visit(portal.url(authorization_details=json.dumps([API])))
    assert at(page) == "login"
    browser.sign_in(citizen(portal.provider, account_level=2, factors=["pwd"]))
    assert browser.page is not None
    assert "Nơi cư trú" in browser.page.text
    assert ">residence.example</strong>" in browser.page.text
    code = answer(browser.submit(decision="allow"))["code"]

    tokens = portal.redeem(browser.client, code)

    assert tokens["authorization_details"] == [API]
    access_token = tokens["access_token"]
    assert claims_of(access_token)["authorization_details"] == [API]
    told = introspect(browser.client, portal, access_token)
    assert told["authorization_details"] == [API]
    given = userinfo(browser.client, access_token).get_json()
    assert given["residence"]["permanent"]
    assert "household" not in given


def test_an_api_hears_of_its_own_alone(provider, browser) -> None:
    """§9.2: neither the other's details nor who else the token is for."""
    first, second = "https://residence.example/api", "https://household.example/"
    portal = Portal.register(
        provider,
        "tax",
        scope="openid profile residence household",
        authorization_details_types=["residence_query"],
        allowed_resources=[first, second],
    )
    api = Portal.register(provider, "api", resources=[first])
    other = {**QUERY, "datatypes": ["household"], "locations": [second]}
    tokens = sign_in(browser, portal, API, other, resource=first)
    assert len(tokens["authorization_details"]) == 2

    told = introspect(browser.client, api, tokens["access_token"])

    assert (told["active"], told["aud"]) == (True, first)
    assert told["authorization_details"] == [API]


def test_a_level_withholds(portal: Portal, browser: Browser) -> None:
    """Residence data need account level 2: nothing is left to query."""
    tokens = sign_in(browser, portal, QUERY, level=1)

    assert tokens["authorization_details"] == []


def test_more_is_asked_again(portal: Portal, browser: Browser) -> None:
    """What was allowed is remembered; a wider query is a new question."""
    sign_in(browser, portal, QUERY)
    again = json.dumps([QUERY])
    wider = json.dumps([{**QUERY, "datatypes": ["household", "residence"]}])

    tokens = portal.round(browser, authorization_details=again)
    assert tokens["authorization_details"][0]["datatypes"] == ["residence"]
    told = answer(browser.visit(portal.url(authorization_details=wider, prompt="none")))
    assert told["error"] == "consent_required"


def test_refresh_keeps_them(portal: Portal, browser: Browser) -> None:
    """A refreshed token carries what the first one did (§6)."""
    tokens = sign_in(browser, portal, QUERY, scope="openid offline_access")

    refreshed = refresh(browser.client, portal, tokens["refresh_token"])

    assert refreshed["authorization_details"] == tokens["authorization_details"]


def refresh(
    client: FlaskClient, portal: Portal, token: str, *details: Any
) -> dict[str, Any]:
    """Refresh, for these details or for all."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": portal.client_id,
        "client_secret": SECRET,
    }
    asked = {"authorization_details": json.dumps(details)} if details else {}
    return dict(client.post("/token", data=form | asked).get_json())


def test_a_token_request_chooses(portal: Portal, browser: Browser) -> None:
    """Less than was granted for one token, never more; the next may be whole (§6)."""
    both = {**API, "datatypes": ["residence", "household"]}
    tokens = sign_in(browser, portal, both, scope="openid offline_access")
    client = browser.client

    one = refresh(client, portal, tokens["refresh_token"], API)
    assert one["authorization_details"] == [API]
    assert claims_of(one["access_token"])["authorization_details"] == [API]
    elsewhere = {**API, "locations": ["https://other.example"]}
    wider = {**QUERY, "datatypes": ["address"]}
    for detail in (wider, elsewhere, QUERY, {"type": "payment"}):
        told = refresh(client, portal, one["refresh_token"], detail)
        assert told["error"] == "invalid_authorization_details"
    whole = refresh(client, portal, one["refresh_token"])
    assert whole["authorization_details"] == [both]


def test_a_code_brings_what_is_chosen(portal: Portal, browser: Browser) -> None:
    """The same where the code is redeemed (§6)."""
    query = {**QUERY, "datatypes": ["residence", "household"]}
    asked = portal.url(
        authorization_details=json.dumps([query]), scope="openid offline_access"
    )
    browser.visit(asked)
    browser.sign_in(citizen(portal.provider, account_level=2, factors=["pwd"]))
    code = answer(browser.submit(decision="allow"))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": portal.redirect_uri,
        "code_verifier": portal.verifier,
        "client_id": portal.client_id,
        "client_secret": SECRET,
        "authorization_details": json.dumps([QUERY]),
    }

    tokens = browser.client.post("/token", data=form).get_json()

    assert tokens["authorization_details"][0]["datatypes"] == ["residence"]
    later = refresh(browser.client, portal, tokens["refresh_token"])
    names = later["authorization_details"][0]["datatypes"]
    assert sorted(names) == ["household", "residence"]


@pytest.mark.parametrize(
    "details",
    [
        "",
        "{}",
        "[]",
        "[1]",
        "x",
        "[NaN]",
        json.dumps([{"type": "payment"}]),
        json.dumps([{"type": "openid_credential"}]),
        json.dumps([{"type": ["residence_query"]}]),
        json.dumps([{"type": "residence_query"}]),
        json.dumps([{**QUERY, "datatypes": []}]),
        json.dumps([{**QUERY, "datatypes": ["name"]}]),
        json.dumps([{**QUERY, "datatypes": [{}]}]),
        json.dumps([{**QUERY, "datatypes": ["residence", "address"]}]),
        json.dumps([{**QUERY, "actions": ["write"]}]),
        json.dumps([{**QUERY, "locations": ["/api"]}]),
        json.dumps([{**QUERY, "locations": []}]),
        json.dumps([{**QUERY, "purpose": "\ud800 <b>"}]),
        '[{"type":"residence_query","type":"residence_query","datatypes":["residence"]}]',
        json.dumps([QUERY] * 9),
        json.dumps([{**QUERY, "locations": ["https://a.example/" + "a" * 5000]}]),
        "[" * 4000,
    ],
)
def test_refusals(portal: Portal, browser: Browser, details: str) -> None:
    """Unknown types, members and values are refused, never skipped (§5)."""
    asked = {"authorization_details": details} if details else {}
    told = answer(browser.visit(portal.url(prompt="none", **asked)))

    expected = "invalid_authorization_details" if details else "login_required"
    assert told["error"] == expected


def test_unregistered_type(provider: Provider, browser: Browser) -> None:
    """A client that registered no type sends none (§10)."""
    portal = Portal.register(provider, "bank")

    told = answer(browser.visit(portal.url(authorization_details=json.dumps([QUERY]))))

    assert told["error"] == "invalid_authorization_details"


def test_pushed(portal: Portal, client: FlaskClient) -> None:
    """At /par they are checked at once (RFC 9126 §2.3)."""
    for details, status in (([QUERY], 201), ([{"type": "x"}], 400)):
        form = portal.parameters(authorization_details=json.dumps(details))
        response = client.post("/par", data={**form, "client_secret": SECRET})
        assert response.status_code == status


def test_device(provider: Provider, client: FlaskClient) -> None:
    """A device asks for them like a browser does (RFC 8628 §3.1, RFC 9396 §1.2)."""
    asked: dict[str, Any] = {"authorization_details_types": ["residence_query"]}
    kiosk = kiosk_for(provider, scope="openid profile residence", **asked)
    codes = begin(client, kiosk, authorization_details=json.dumps([QUERY]))
    phone = Browser(client.application.test_client())

    type_code(phone, codes["user_code"])
    assert at(phone.submit(decision="allow")) == "login"
    phone.sign_in(citizen(provider, account_level=2, factors=["pwd"], state="active"))
    phone.submit(decision="allow")

    tokens = poll(provider, client, kiosk, codes["device_code"]).get_json()
    assert tokens["authorization_details"] == [{**QUERY, "actions": ["read"]}]


def test_device_refusal(provider: Provider, client: FlaskClient) -> None:
    """An unknown type is refused there, too (§5)."""
    details = json.dumps([{"type": "payment"}])

    told = ask(client, kiosk_for(provider), authorization_details=details).get_json()

    assert told["error"] == "invalid_authorization_details"
