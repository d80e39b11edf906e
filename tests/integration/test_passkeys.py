"""Passkeys through the pages: enrolment, sign-in, further proof, removal."""

import json
import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from idp import clock
from idp.accounts import identifiers, lifecycle
from idp.factors import passkey_store
from idp.factors.enrolled import list_enrolled
from idp.factors.models import Credential
from tests.authenticator import ELIGIBLE, PRESENT, VERIFIED, Authenticator, b64
from tests.driver import Browser, Portal, answer, at, citizen, error_code
from tests.passkey_browser import PasskeyForm, enrol, sign_in

REFUSED = "DD-PASSKEY-001"


@pytest.fixture
def portal(provider):
    return Portal.register(
        provider, "bank", default_acr_values=["urn:dinhdanh:acr:2.2"]
    )


@pytest.fixture
def person(provider):
    """Return someone with password and app."""
    return citizen(provider, account_level=2, state="active", factors=["pwd", "totp"])


@pytest.fixture
def browser(app):
    return Browser(app.test_client())


def open_account(browser, person, path="/account/ways/passkey"):
    page = browser.visit(path)
    if at(page) == "login":
        page = browser.sign_in(person)
    return page


@pytest.fixture
def device(provider, browser, person):
    """Return the person's enrolled device, added in another browser."""
    device = Authenticator(origin=provider.config.issuer)
    open_account(browser, person)
    page = enrol(browser, device, "Máy của tôi")
    assert page.request.path == "/account/factors", page.text
    assert "Máy của tôi" in page.text
    return device


@pytest.fixture
def fresh(app, device):
    """Return another browser, in which nobody is signed in."""
    return Browser(app.test_client())


def tokens(portal, browser, page, path="consent"):
    if at(page) == path:
        page = browser.submit(decision="allow")
    assert at(page) == "portal", page.text
    return portal.redeem(browser.client, answer(page)["code"])


def test_a_passkey_is_a_whole_sign_in(provider, portal, fresh, device):
    """Level 2 by one press, with the amr of the table; no code is asked."""
    fresh.visit(portal.url())
    page = sign_in(fresh, device)
    claims = tokens(portal, fresh, page)["claims"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert claims["amr"] == ["hwk", "user", "mfa"]


def test_a_synced_passkey_has_its_own_name(provider, portal, app, browser, person):
    """What a cloud may keep is swk."""
    synced = Authenticator(
        origin=provider.config.issuer, flags=PRESENT | VERIFIED | ELIGIBLE, count=0
    )
    open_account(browser, person)
    enrol(browser, synced, "Điện thoại")
    fresh = Browser(app.test_client())
    fresh.visit(portal.url())
    claims = tokens(portal, fresh, sign_in(fresh, synced))["claims"]
    assert claims["amr"] == ["swk", "user", "mfa"]


def test_a_security_key_after_the_password(provider, portal, app, browser, person):
    """Presence alone never signs in; beside the password it makes level 2."""
    key = Authenticator(origin=provider.config.issuer, flags=PRESENT)
    open_account(browser, person)
    page = enrol(browser, key, "Khóa USB")
    assert "Khóa USB" in page.text

    fresh = Browser(app.test_client())
    fresh.visit(portal.url())
    assert error_code(sign_in(fresh, key)) == REFUSED
    transaction = fresh.page.request.path.rpartition("/")[2]
    fresh.visit(f"/login/{transaction}")
    page = fresh.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    page = fresh.visit(f"/passkey/{transaction}")
    form = PasskeyForm(fresh.client, page)
    assert form.proof == "further"
    listed = json.loads(form.options())["allowCredentials"]
    assert [item["id"] for item in listed] == [b64(key.id)]
    page = form.post(fresh, key.get(form.options()))
    claims = tokens(portal, fresh, page)["claims"]
    assert claims["amr"] == ["pwd", "hwk", "mfa"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"


def test_nothing_is_listed_before_a_proof(portal, fresh):
    """Whatever a stranger asks for, no passkey is named."""
    page = fresh.visit(portal.url())
    form = PasskeyForm(fresh.client, page)
    for proof in ("first", "further", "x"):
        asked = json.loads(form.options(proof))
        assert asked["allowCredentials"] == []
        assert asked["userVerification"] == "required"


def test_refusals_read_the_same(provider, portal, fresh, device):
    """A stranger's key, a stolen id and a broken answer differ in nothing."""
    stranger = Authenticator(origin=provider.config.issuer, handle=device.handle)
    thief = replace(stranger, id=device.id)
    shown = set()
    for make in (stranger.get, thief.get, lambda options: "{}"):
        page = fresh.visit(portal.url())
        form = PasskeyForm(fresh.client, page)
        page = form.post(fresh, make(form.options()))
        assert (page.status_code, error_code(page)) == (422, REFUSED)
        shown.add(_without_ids(page.text))
    assert len(shown) == 1


def _without_ids(text):
    text = re.sub(r'value="[^"]*"|class="code">[^<]*<|/[\w-]{32}', "", text)
    return re.sub(r"\d\d:\d\d:\d\d", "", text)


def test_an_answer_serves_one_transaction(portal, fresh, device):
    """Posted again, or in another sign-in of the same browser, it is refused."""
    first = PasskeyForm(fresh.client, fresh.visit(portal.url()))
    second = PasskeyForm(fresh.client, fresh.visit(portal.url()))
    text = device.get(first.options())
    assert error_code(second.post(fresh, text)) == REFUSED
    assert error_code(first.post(fresh, text)) == REFUSED


def test_a_locked_account_is_told_after_the_proof(provider, portal, app, fresh, device):
    """What stands against an account is told to its owner only."""
    with provider.database.read() as connection:
        known = passkey_store.find(connection, device.id)
    with provider.database.transaction() as session:
        lifecycle.place_lock(
            session, provider.audit, known.account_id, ground="holder_request",
            asker="holder", now=clock.now(),
        )  # fmt: skip
    fresh.visit(portal.url())
    assert error_code(sign_in(fresh, device)) == "DD-AUTH-021"


def test_without_a_passkey_or_a_script(portal, fresh, browser):
    """An empty answer shows the page again, with its other ways."""
    page = fresh.visit(portal.url())
    form = PasskeyForm(fresh.client, page)
    page = form.post(fresh, "")
    assert (page.status_code, at(page)) == (200, "passkey")
    assert "<noscript>" in page.text
    assert "/login/" in page.text


def test_further_needs_a_session(portal, fresh, device):
    """A further proof of nobody leads back to the start."""
    form = PasskeyForm(fresh.client, fresh.visit(portal.url()))
    page = form.post(fresh, device.get(form.options()), "further")
    assert at(page) == "login"


def test_a_counter_that_goes_back(provider, portal, fresh, device, person, app):
    """Refused, held, and told on the owner's page."""
    device.count = 20
    fresh.visit(portal.url())
    sign_in(fresh, device)
    other = Browser(app.test_client())
    other.visit(portal.url())
    assert error_code(sign_in(other, replace(device, count=3))) == REFUSED
    other.visit(portal.url())
    assert error_code(sign_in(other, device)) == REFUSED


def remove_link(page, name):
    pattern = rf'<li class="way-row">(?:(?!</li>).)*?{name}.*?</li>'
    row = re.findall(pattern, page.text, re.DOTALL)
    return re.findall(r'href="([^"]*/remove)"', row[0])[0]


def test_rename_and_remove(provider, browser, device):
    """The owner names it anew; removed, it is gone, and the contacts are told."""
    page = browser.visit("/account/factors")
    address = re.findall(r'href="([^"]*/name)"', page.text)[0]
    browser.visit(address)
    assert error_code(browser.submit(label=" ")) == "DD-AUTH-006"
    page = browser.submit(label="  Máy\nmới  ")
    assert "Máy mới" in page.text

    browser.visit(remove_link(page, "Máy mới"))
    page = browser.submit()
    assert page.request.path == "/account/factors"
    assert "Máy mới" not in page.text
    provider.courier.wait()
    text = browser.visit("/sandbox/outbox").text
    assert "passkey" in text
    assert "http" not in re.findall(r"Dinh Danh: [^<]*", text)[0]


def test_the_last_strong_way_is_not_removed_silently(provider, browser, person, device):
    """The page says what is lost, and nothing goes without the tick."""
    page = browser.visit("/account/factors")
    browser.visit(remove_link(page, "Máy của tôi"))
    browser.submit()
    page = browser.visit("/account/factors")
    (address,) = re.findall(r'href="([^"]*/remove)"', page.text)
    page = browser.visit(address)
    assert 'name="understood"' in page.text
    assert error_code(browser.submit()) == "DD-WAYS-001"
    page = browser.submit(understood="yes")
    assert page.request.path == "/account/factors"
    assert not re.findall(r'href="([^"]*/remove)"', page.text)


def test_removal_asks_for_a_fresh_strong_proof(app, person, device, provider):
    """Whoever proved only a password is asked for more before anything changes."""
    other = Browser(app.test_client())
    page = other.visit("/account/factors")
    other.submit(personal_number=person["personal_number"], password=person["password"])
    page = other.visit("/account/ways/passkey")
    assert at(page) != "account"


def test_strangers_ways_do_not_exist(provider, browser, device, citizens_other):
    """Another's credential is not found, whether it exists or not."""
    for action in ("remove", "name"):
        page = browser.visit(f"/account/factors/{citizens_other}/{action}")
        assert page.status_code == 404


@pytest.fixture
def citizens_other(provider, person):
    """Return the id of someone else's factor."""
    with provider.database.read() as connection:
        own = identifiers.find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
        query = sa.select(Credential.id).where(Credential.account_id != own).limit(1)
        return connection.execute(query).scalar_one()


def test_the_same_device_is_not_added_twice(provider, browser, person, device):
    """A second enrolment of the same id is refused by its own words."""
    page = enrol(browser, replace(device), "Lần hai")
    assert error_code(page) == "DD-PASSKEY-003"
    page = enrol(browser, replace(Authenticator(), origin="http://evil.example"), "x")
    assert error_code(page) == REFUSED
    form = PasskeyForm(browser.client, browser.visit("/account/ways/passkey"))
    page = form.post(browser, "", label="Tên")
    assert page.status_code == 200
    assert 'value="Tên"' in page.text


def test_names_are_kept_short_and_on_one_line(provider, browser, person):
    """What a citizen types as a name is shown as text, cut to its place."""
    open_account(browser, person)
    name = "<b>" + "ỹ" * 90 + "\u202e"
    page = enrol(browser, Authenticator(origin=provider.config.issuer), name)
    assert "<b>ỹ" not in page.text
    with provider.database.read() as connection:
        own = identifiers.find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
        labels = [item.label for item in list_enrolled(connection, own)]
    assert max(len(label) for label in labels) == 64
