"""What tests of acting for another start from: who they are, and a portal that asks."""

import re
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.accounts.identifiers import find_account_id, find_subject
from idp.accounts.organisations import find_by_tax_code
from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen

GUARDIAN, CHILD = "999188000008", "999216000009"
LEGAL, AUTHORISED, MEMBER = "999085000003", "999195000005", "999183000014"
NOBODY = "999190000013"
TAX_CODE = "9990000001"
SCOPE = "openid profile offline_access representation organisation"
WARD, ORGANISATION = "openid profile representation", "openid organisation"


def portal_for(provider: Provider, name: str = "health", **metadata: Any) -> Portal:
    """Register a portal that lets people act for wards and organisations."""
    return Portal.register(provider, name, scope=SCOPE, **metadata)


def account(provider: Provider, number: str) -> UUID:
    """Return the account of a personal number."""
    with provider.database.read() as connection:
        found = find_account_id(connection, provider.sealer, number)
    assert found is not None
    return found


def organisation(provider: Provider) -> UUID:
    """Return the sandbox's organisation."""
    with provider.database.read() as connection:
        found = find_by_tax_code(connection, provider.sealer, TAX_CODE)
    assert found is not None
    return found


def subject(provider: Provider, account_id: UUID, sector: str) -> str | None:
    """Return an account's `sub` in a sector."""
    with provider.database.read() as connection:
        return find_subject(connection, account_id, sector)


def sign_in(app: Flask, provider: Provider, number: str, url: str) -> Browser:
    """Open `url` in a browser of its own and prove who it is, codes included."""
    browser = Browser(app.test_client())
    browser.visit(url)
    prove(browser, provider, number)
    return browser


def prove(browser: Browser, provider: Provider, number: str) -> TestResponse:
    """Prove the password, and a code of the app or the message."""
    person = citizen(provider, personal_number=number)
    page = browser.submit(personal_number=number, password=person["password"])
    if at(page) != "otp":
        return page
    if person["totp_secret"]:
        return browser.submit(otp=browser.one_time_code(person))
    return browser.submit(otp=sent_code(browser.client, person["phone"]))


def sent_code(client: FlaskClient, phone: str) -> str:
    """Return the code of the newest message to a phone."""
    address = f"/sandbox/outbox.json?phone={phone.replace('+', '%2B')}"
    text = client.get(address).get_json()[0]["text"]
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None
    return found[0]


def act_for(browser: Browser, chosen: UUID) -> TestResponse:
    """Choose for whom to act."""
    assert browser.page is not None
    assert at(browser.page) == "acting", browser.page.text[:2000]
    return browser.submit(whom=str(chosen))


def finish(browser: Browser, portal: Portal, *, assent: bool = False) -> dict[str, Any]:
    """Allow what is asked and redeem the code."""
    page = browser.page
    assert page is not None
    if at(page) == "consent":
        more = {"assent": "yes"} if assent else {}
        page = browser.submit(decision="allow", **more)
    assert at(page) == "portal", page.text[:2000]
    return portal.redeem(browser.client, answer(page)["code"])


def userinfo(client: FlaskClient, tokens: dict[str, Any]) -> TestResponse:
    """Ask userinfo."""
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    return client.get("/userinfo", headers=bearer)


def machine(
    client: FlaskClient, portal: Portal, path: str, **form: str
) -> TestResponse:
    """Post to a machine endpoint as the portal."""
    own = {"client_id": portal.client_id, "client_secret": SECRET}
    return client.post(path, data=form | own)


def as_child(
    app: Flask, provider: Provider, portal: Portal, **changes: str | None
) -> tuple[Browser, dict[str, Any]]:
    """Let the guardian sign in for the child; return the browser and the tokens."""
    url = portal.url(**{"scope": f"{WARD} offline_access"} | changes)
    browser = sign_in(app, provider, GUARDIAN, url)
    act_for(browser, account(provider, CHILD))
    return browser, finish(browser, portal, assent=True)


def press(browser: Browser, action: str, **typed: str) -> TestResponse:
    """Fill that form of the page whose action ends so, and press its button."""
    assert browser.page is not None
    forms = re.findall(r"<form[^>]*>.*?</form>", browser.page.text, re.DOTALL)
    form = next(one for one in forms if re.search(rf'action="[^"]*{action}"', one))
    address = re.search(r'action="([^"]*)"', form)
    token = re.search(r'name="csrf_token" value="([^"]*)"', form)
    assert address is not None
    assert token is not None
    data = {"csrf_token": token[1], **typed}
    return browser.visit(address[1], data=data)
