"""Steps named in the wrong order, and forms that are not ours (S2, S4)."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.provider import Provider
from idp.staff.officer import ROLES
from tests.driver import Browser, Portal, answer, at, citizen, error_code
from tests.staff import sign_in_officer

STEPS = ["login", "choose", "otp", "acting", "confirmation", "consent", "refused"]
# These take no form of a page: other sites post there, or the handle is the secret.
OPEN = {"oidc", "chip_reader"}  # machines, which prove themselves otherwise


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(client: FlaskClient, portal: Portal) -> Browser:
    browser = Browser(client)
    browser.visit(portal.url())
    return browser


def transaction(browser: Browser) -> str:
    assert browser.page is not None
    return browser.page.request.path.split("/")[2]


def half_signed_in(browser: Browser, provider: Provider) -> dict:
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    return person


@pytest.mark.parametrize("step", STEPS)
def test_without_a_session_every_step_is_the_sign_in(
    browser: Browser, step: str
) -> None:
    """The page of a later step shows nothing and leads to the first."""
    name = transaction(browser)

    page = browser.visit(f"/{step}/{name}")

    assert at(page) == "login"


@pytest.mark.parametrize("step", ["consent", "refused", "choose"])
def test_an_enrolled_code_is_never_skipped(
    provider: Provider, browser: Browser, portal: Portal, step: str
) -> None:
    """With the password alone no other page, post or resume gets to the portal."""
    half_signed_in(browser, provider)
    name = transaction(browser)

    browser.visit(f"/{step}/{name}")
    for path in (f"/consent/{name}", f"/authorize/resume?transaction={name}"):
        assert at(browser.visit(path)) == "otp"
    posted = browser.visit(
        f"/consent/{name}", data={"decision": "allow", "csrf_token": "x"}
    )

    assert at(posted) == "otp"
    assert answer(browser.visit(portal.url(prompt="none")))["error"] == "login_required"
    assert at(browser.visit("/account")) == "otp"


def test_choosing_the_account_skips_no_code(
    provider: Provider, browser: Browser, portal: Portal
) -> None:
    """The chooser names an account; it proves nothing."""
    half_signed_in(browser, provider)

    page = browser.visit(portal.url(prompt="select_account"))
    assert at(page) == "choose"
    account = page.text.partition('name="account" value="')[2].partition('"')[0]

    assert at(browser.submit(account=account)) == "otp"


def test_a_portals_handle_is_no_page_of_ours(
    provider: Provider, browser: Browser
) -> None:
    """A name of one kind is nothing under another kind's address (C5)."""
    name = transaction(browser)

    assert error_code(browser.visit(f"/logout/{name}")) == "DD-TXN-001"
    asked = browser.visit("/end_session")
    if at(asked) == "logout":
        wish = asked.request.path.rpartition("/")[2]
        assert error_code(browser.visit(f"/login/{wish}")) == "DD-TXN-001"


def test_every_form_has_its_own_token(
    app: Flask, provider: Provider, browser: Browser
) -> None:
    """No page of ours takes a post without the token of that very form."""
    login = transaction(browser)
    browser.sign_in(citizen(provider, state="active", factors=["pwd"]))
    sign_in_officer(browser, provider, roles=ROLES)
    names = {
        "transaction": login,
        "grant_id": "00000000-0000-4000-8000-000000000000",
        "session_id": "00000000-0000-4000-8000-000000000000",
        "credential_id": "00000000-0000-4000-8000-000000000000",
        "card": "00000000-0000-4000-8000-000000000000",
        "code": "unknown",
        "name": "unknown",
        "kid": "unknown",
        "token": "unknown",
        "case_id": "unknown",
        "activation_id": "unknown",
        "draft_id": "unknown",
        "status_id": "unknown",
        "way": "email",
        "kind": "phone",
        "passkey_id": "00000000-0000-4000-8000-000000000000",
        "ward": "00000000-0000-4000-8000-000000000000",
        "organisation": "00000000-0000-4000-8000-000000000000",
        "membership": "00000000-0000-4000-8000-000000000000",
        "place": "2026-01.0.1",
        "case": "00000000-0000-4000-8000-000000000000",
        "staff_id": "00000000-0000-4000-8000-000000000000",
        "request_id": "00000000-0000-4000-8000-000000000000",
        "handle": "bGlicmFyeQ",
        "digest": "unknown",
        "glass_id": "00000000-0000-4000-8000-000000000000",
        "proposal_id": "00000000-0000-4000-8000-000000000000",
        "dossier_id": "00000000-0000-4000-8000-000000000000",
    }
    wish = browser.visit("/end_session").request.path.rpartition("/")[2]
    adapter = app.url_map.bind("localhost")
    tried = set()
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if "POST" not in (rule.methods or ()) or blueprint in OPEN:
            continue
        values = {name: names[name] for name in rule.arguments}
        if blueprint == "logout":
            values["transaction"] = wish
        path = adapter.build(rule.endpoint, values, method="POST")
        for data in ({"decision": "allow"}, {"csrf_token": "0" * 64}):
            page = browser.client.post(path, data=data)
            # A way back of nobody has no form at all that a token could belong to.
            told = "DD-BACK-001" if "case_id" in rule.arguments else "DD-WEB-010"
            if "activation_id" in rule.arguments:
                told = "DD-ACT-001"
            if "draft_id" in rule.arguments:
                told = "DD-DESK-001"
            if blueprint in ("enrol_steps", "enrol_status") and rule.arguments:
                told = "DD-ENR-001"
            assert error_code(page) == told, path
            assert page.status_code in (400, 403), path
        tried.add(rule.endpoint)

    assert len(tried) >= 9, tried


def test_a_foreign_sites_post_brings_no_cookie(
    app: Flask, provider: Provider, browser: Browser
) -> None:
    """SameSite=Lax: the attacker's own page and token sign nobody in elsewhere."""
    person = citizen(provider, state="active", factors=["pwd"])
    victim = Browser(app.test_client())

    page = victim.submit(
        browser.page,
        personal_number=person["personal_number"],
        password=person["password"],
    )

    assert error_code(page) == "DD-TXN-005"
    assert victim.client.get_cookie("dd_session") is None
