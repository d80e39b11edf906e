"""What the consent page shows is what is later given, for every citizen."""

from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from idp import clock
from idp.accounts import identifiers
from idp.authentication.transaction import AuthorizationRequest
from idp.claims.catalogue import CLAIMS
from idp.claims.person import PersonReader
from idp.claims.release import Recipient
from idp.consent import policy
from idp.provider import Provider
from idp.sandbox.citizens import all_citizens
from tests.driver import SECRET, Browser, Portal, answer, at, citizens, error_code

SCOPES = (
    "openid profile email phone address personal_number residence household "
    "offline_access"
)
POLICY = [
    {"claim": name, "purpose": f"To know {name}", "legal_basis": "Art. 1"}
    for name in ("household", "household.members")
]
ACTIVE = [
    person.account.number
    for person in all_citizens()
    if person.account.state == "active"
    and person.lock is None
    and person.guardian is None  # waits for the guardian: test_ward_confirmation
]


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "clinic", scope=SCOPES, claims_policy=POLICY)


def person_of(provider: Provider, number: str) -> dict[str, Any]:
    return next(p for p in citizens(provider) if p["personal_number"] == number)


def shown(provider: Provider, portal: Portal, person: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the question, as userinfo would put them together."""
    party = provider.relying_parties.find(portal.client_id)
    assert party is not None
    with provider.database.read() as connection:
        account_id = identifiers.find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
    assert account_id is not None
    recipient = Recipient(
        party, person["account_level"], min(2, len(person["factors"]))
    )
    request = AuthorizationRequest(
        "clinic", portal.redirect_uri, scopes=tuple(SCOPES.split())
    )
    reader = PersonReader.of(provider)
    known = reader.read(account_id, policy.wanted(request, recipient), clock.now())
    question = policy.question(request, recipient, None, values=known.values)
    values: dict[str, Any] = {}
    for item in question.items:
        values |= item.values
    for name in [name for name in values if CLAIMS[name].part_of]:
        whole = CLAIMS[name].part_of
        part = values.pop(name)
        values[whole] = {**values[whole], name.removeprefix(f"{whole}."): part}
    return values


def userinfo(browser: Browser, tokens: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return browser.client.get("/userinfo", headers=headers).get_json()


@pytest.mark.parametrize("number", ACTIVE)
def test_values_shown_are_the_values_given(
    provider: Provider, client: FlaskClient, portal: Portal, number: str
) -> None:
    """Neither more nor other than what the citizen saw, whoever it is."""
    person = person_of(provider, number)
    browser = Browser(client)
    browser.visit(portal.url(scope=SCOPES, ui_locales="vi"))
    page = sign_in(browser, person)
    assert at(page) == "consent"
    values = shown(provider, portal, person)
    text = unescape(page.text).replace("\u00a0", "")

    told = userinfo(
        browser, portal.redeem(client, answer(browser.submit(decision="allow"))["code"])
    )

    told.pop("sub")
    assert told == values
    for leaf in ("name", "personal_number", "phone_number", "email"):
        assert str(told.get(leaf, "")) in text
    for stay in told.get("residence", {}).values():
        if isinstance(stay, dict):
            assert stay["text"] in text
            assert stay["commune_code"] in text
    for member in told.get("household", {}).get("members", []):
        assert member["name"] in text
    for path in ("", "/data", "/permissions", "/places", "/factors", "/history"):
        assert browser.visit(f"/account{path}").status_code == 200


def test_a_year_alone_stays_a_year(provider: Provider, client, portal: Portal) -> None:
    """Nobody is given a first of January that was never registered."""
    number = next(
        p.account.number
        for p in all_citizens()
        if len(p.account.identity.birth_date) == 4 and p.account.number in ACTIVE
    )
    browser = Browser(client)
    browser.visit(portal.url(scope=SCOPES))
    page = sign_in(browser, person_of(provider, number))
    told = userinfo(
        browser, portal.redeem(client, answer(browser.submit(decision="allow"))["code"])
    )

    assert len(told["birthdate"]) == 4
    assert f"01/01/{told['birthdate']}" not in page.text
    assert told["birthdate"] in page.text


def test_members_need_a_registered_purpose(provider: Provider, client) -> None:
    """Even in a sandbox the others of a household need a purpose of their own."""
    bare = Portal.register(provider, "bare", scope=SCOPES)
    head = next(
        p
        for p in all_citizens()
        if p.record and p.record.household and len(p.record.household.members) >= 5
    )
    assert head.record
    assert head.record.household
    browser = Browser(client)
    browser.visit(bare.url(scope=SCOPES, ui_locales="en"))
    page = sign_in(browser, person_of(provider, head.account.number))
    told = userinfo(
        browser, bare.redeem(client, answer(browser.submit(decision="allow"))["code"])
    )

    assert "members" not in told["household"]
    assert "The portal has registered no purpose for it." in page.text
    for member in head.record.household.members:
        assert member.name not in page.text


def test_withdrawal_reaches_every_endpoint(
    provider: Provider, client, portal: Portal
) -> None:
    """Userinfo, introspection and refresh stop the moment the citizen takes it back."""
    browser = Browser(client)
    browser.visit(portal.url(scope=SCOPES))
    sign_in(browser, person_of(provider, ACTIVE[0]))
    tokens = portal.redeem(client, answer(browser.submit(decision="allow"))["code"])
    page = browser.visit("/account/permissions")
    action = page.text.partition('action="/account/permissions/')[2].partition('"')[0]
    form = page.text.partition('action="/account/permissions/')[2]
    token = form.partition('csrf_token" value="')[2].partition('"')[0]
    browser.visit(f"/account/permissions/{action}", data={"csrf_token": token})

    own = {"client_id": portal.client_id, "client_secret": SECRET}
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    refresh = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        **own,
    }
    assert client.get("/userinfo", headers=headers).status_code == 401
    for token in (tokens["access_token"], tokens["refresh_token"]):
        told = client.post("/introspect", data={"token": token, **own})
        assert told.get_json() == {"active": False}
    refused = client.post("/token", data=refresh)
    assert refused.get_json()["error"] == "invalid_grant"


def test_denial_tells_state_and_issuer(provider: Provider, client, portal) -> None:
    """access_denied carries what the portal needs to recognise the answer."""
    browser = Browser(client)
    browser.visit(portal.url(state="s p/c"))
    sign_in(browser, person_of(provider, ACTIVE[0]))

    told = answer(browser.submit(decision="deny"))

    assert told["error"] == "access_denied"
    assert told["state"] == "s p/c"
    assert told["iss"] == provider.config.issuer
    assert "code" not in told


def test_what_was_refused_is_not_asked_again(provider: Provider, client) -> None:
    """A remembered no to a voluntary claim is an answer; a wider request asks anew."""
    portal = Portal.register(
        provider,
        "desk",
        scope=SCOPES,
        claims_policy=[
            {"claim": "phone_number", "purpose": "To call you", "voluntary": True}
        ],
    )
    browser = Browser(client)
    browser.visit(portal.url(scope="openid phone"))
    sign_in(browser, person_of(provider, ACTIVE[0]))
    browser.submit(decision="allow")

    again = browser.visit(portal.url(scope="openid phone"))
    assert at(again) == "portal"
    told = userinfo(browser, portal.redeem(client, answer(again)["code"]))
    wider = browser.visit(portal.url(scope="openid phone email", ui_locales="en"))

    assert set(told) == {"sub"}
    assert at(wider) == "consent"
    assert "asks for more than you allowed before" in wider.text
    assert error_code(wider) is None


def sign_in(browser: Browser, person: dict[str, Any]):
    """Prove the password, and the code by app or message if one is asked."""
    page = browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    if at(page) == "otp" and not person["totp_secret"]:
        query = {"phone": person["phone"]}
        kept = browser.client.get("/sandbox/outbox.json", query_string=query).get_json()
        words = kept[0]["text"].replace(",", " ").split()
        page = browser.submit(otp=next(w for w in words if w.isdigit() and len(w) == 6))
    elif at(page) == "otp":
        page = browser.submit(otp=browser.one_time_code(person))
    return page
