"""Officers join by a one-time link and sign in by passkey alone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.provider import Provider
from idp.staff.models import StaffAccount, StaffPasskey, StaffSession
from tests.authenticator import PRESENT, VERIFIED, Authenticator
from tests.driver import Browser, at, citizen, error_code
from tests.passkey_browser import PasskeyForm, enrol
from tests.services import BACKENDS
from tests.staff import invite_officer, join, prove, sign_in_officer


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


def count(provider: Provider, model: type) -> int:
    with provider.database.read() as connection:
        query = sa.select(sa.func.count()).select_from(model)
        return connection.execute(query).scalar_one()


def later(monkeypatch: pytest.MonkeyPatch, **delta: float) -> None:
    moment = clock.now() + timedelta(**delta)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.parametrize("backend", BACKENDS)
def test_officer_joins_and_signs_in(provider: Provider, browser: Browser) -> None:
    """The link enrols a passkey; the passkey alone opens the first page."""
    sign_in_officer(browser, provider, roles=["reviewer"], name="Lê Thị Thử")

    page = browser.visit("/staff")

    assert "Lê Thị Thử" in page.text
    assert "Commune One" in page.text


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_parallel_uses_of_a_link_one_wins(app: Flask, provider: Provider) -> None:
    """Four devices hold ready answers for one link: one passkey comes to be."""
    _, link = invite_officer(provider, "reviewer")
    ready = []
    for _ in range(4):
        opened = Browser(app.test_client())
        form = PasskeyForm(opened.client, opened.visit(link))
        ready.append((opened, form, Authenticator().create(form.options())))

    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda one: one[1].post(one[0], one[2]), ready))

    codes = sorted(error_code(page) or "" for page in pages)
    assert codes == ["", "DD-STAFF-002", "DD-STAFF-002", "DD-STAFF-002"]
    assert count(provider, StaffPasskey) == 1


def test_a_used_link_is_dead(provider: Provider, browser: Browser) -> None:
    """Once used, the link opens no page any more."""
    _, link = invite_officer(provider, "reviewer")
    join(browser, link, Authenticator())

    assert error_code(browser.visit(link)) == "DD-STAFF-002"


def test_a_link_of_yesterday_is_dead(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its day the link neither opens nor takes a ready answer."""
    _, link = invite_officer(provider, "reviewer")
    form = PasskeyForm(browser.client, browser.visit(link))
    answer = Authenticator().create(form.options())

    later(monkeypatch, hours=25)

    assert error_code(browser.visit(link)) == "DD-STAFF-002"
    assert error_code(form.post(browser, answer)) == "DD-STAFF-002"
    assert count(provider, StaffPasskey) == 0


def test_a_passkey_without_a_verified_user_is_refused(
    provider: Provider, browser: Browser
) -> None:
    """A key that shows presence alone is no officer's; the link stays good."""
    _, link = invite_officer(provider, "reviewer")

    page = join(browser, link, Authenticator(flags=PRESENT))

    assert error_code(page) == "DD-STAFF-005"
    assert at(join(browser, link, Authenticator())) == "staff"
    assert count(provider, StaffPasskey) == 1


def test_sign_in_needs_a_verified_user(provider: Provider, browser: Browser) -> None:
    """The same passkey without PIN or finger does not sign in."""
    _, link = invite_officer(provider, "reviewer")
    device = Authenticator()
    join(browser, link, device)
    device.flags &= ~VERIFIED

    assert error_code(prove(browser, device)) == "DD-STAFF-001"


def test_a_copied_passkey_is_held(provider: Provider, browser: Browser) -> None:
    """A counter that goes back ends what the passkey can do, for both copies."""
    _, device = sign_in_officer(browser, provider, roles=["reviewer"])
    device.count = 1

    for _ in range(2):
        browser.visit("/staff/sign-in")
        assert error_code(prove(browser, device)) == "DD-STAFF-001"
        device.count = 50


def test_a_citizens_passkey_signs_no_officer_in(
    provider: Provider, browser: Browser, client
) -> None:
    """Same host and RP ID, other table and other user handle: refused."""
    person = citizen(provider, state="active", factors=["pwd"])
    own = Browser(client)
    own.visit("/account/ways/passkey")
    own.sign_in(person)
    device = Authenticator()
    enrol(own, device, "phone")
    browser.visit("/staff")

    page = prove(browser, device)

    assert error_code(page) == "DD-STAFF-001"
    assert browser.client.get_cookie("dd_staff") is None


def test_an_officers_passkey_signs_no_citizen_in(
    app: Flask, provider: Provider, browser: Browser
) -> None:
    """At the citizens' passkey page an officer's passkey proves nothing."""
    _, device = sign_in_officer(browser, provider, roles=["reviewer"])
    other = Browser(app.test_client())
    page = other.visit("/account")
    page = other.visit(page.request.path.replace("/login/", "/passkey/"))
    form = PasskeyForm(other.client, page)

    page = form.post(other, device.get(form.options()))

    assert error_code(page) == "DD-PASSKEY-001"
    assert other.client.get_cookie("dd_session") is None


def test_a_challenge_of_the_other_side_is_none(
    app: Flask, provider: Provider, browser: Browser
) -> None:
    """An answer to the citizens' challenge is worth nothing at /staff."""
    _, device = sign_in_officer(browser, provider, roles=["reviewer"])
    there = Browser(app.test_client())
    page = there.visit("/account")
    page = there.visit(page.request.path.replace("/login/", "/passkey/"))
    foreign = PasskeyForm(there.client, page).options()
    here = PasskeyForm(there.client, there.visit("/staff/sign-in"))

    assert error_code(here.post(there, device.get(foreign))) == "DD-STAFF-001"


def test_a_citizens_session_opens_no_officers_page(
    provider: Provider, browser: Browser
) -> None:
    """A signed-in citizen is led to the officers' sign-in."""
    browser.visit("/account")
    browser.sign_in(citizen(provider, state="active", factors=["pwd"]))
    assert at(browser.visit("/account")) == "account"

    for path in ("/staff", "/staff/people", "/staff/review", "/staff/passkeys"):
        assert browser.visit(path).request.path == "/staff/sign-in"


def test_an_officers_session_opens_no_citizens_page(
    provider: Provider, browser: Browser
) -> None:
    """A signed-in officer is nobody at /account, even with cookies exchanged."""
    sign_in_officer(browser, provider, roles=["administrator"])
    assert at(browser.visit("/account")) == "login"

    cookie = browser.client.get_cookie("dd_staff")
    browser.client.set_cookie("dd_session", cookie.value)

    assert at(browser.visit("/account")) == "login"


@pytest.mark.parametrize("hours", [0.26, 8.01])
def test_a_session_ends_by_itself(
    provider: Provider,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
    hours: float,
) -> None:
    """Fifteen minutes without use, or eight hours of use, end it."""
    sign_in_officer(browser, provider, roles=["reviewer"])
    start, passed = clock.now(), timedelta()
    while passed < timedelta(hours=hours):
        monkeypatch.setattr(clock, "now", lambda moment=start + passed: moment)
        if hours > 1:
            browser.client.get("/staff")
        passed += timedelta(minutes=13)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=hours))

    assert browser.visit("/staff").request.path == "/staff/sign-in"


def test_sign_out_ends_the_session(provider: Provider, browser: Browser) -> None:
    """After signing out the cookie's value opens nothing, here or elsewhere."""
    sign_in_officer(browser, provider, roles=["reviewer"])
    kept = browser.client.get_cookie("dd_staff").value

    page = browser.submit(browser.visit("/staff"))

    assert page.request.path == "/staff/sign-in"
    browser.client.set_cookie("dd_staff", kept)
    assert browser.visit("/staff").request.path == "/staff/sign-in"


def test_signing_in_again_ends_the_former_session(
    provider: Provider, browser: Browser
) -> None:
    """One browser holds one officer."""
    _, device = sign_in_officer(browser, provider, roles=["reviewer"])
    browser.visit("/staff/sign-in")
    prove(browser, device)

    with provider.database.read() as connection:
        live = connection.execute(
            sa.select(StaffSession.id).where(StaffSession.ended_at.is_(None))
        ).all()
    assert len(live) == 1


def test_acting_needs_a_fresh_passkey_of_the_same_officer(
    provider: Provider, browser: Browser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five minutes the passkey is asked again; a colleague's does not do."""
    _, device = sign_in_officer(browser, provider, roles=["reviewer"])
    other = Browser(app.test_client())
    _, theirs = sign_in_officer(other, provider, roles=["reviewer"], name="Other")
    later(monkeypatch, minutes=6)

    page = browser.visit("/staff/passkeys")
    assert page.request.path == "/staff/confirm"
    assert error_code(prove(browser, theirs)) == "DD-STAFF-001"
    page = prove(browser, device)

    assert page.request.path == "/staff/passkeys"


def test_a_filtered_list_stays_filtered_over_the_sign_in(
    provider: Provider, browser: Browser
) -> None:
    """A colleague's address opens what it names, once one is signed in."""
    _, link = invite_officer(provider, "auditor")
    device = Authenticator()
    join(browser, link, device)

    browser.visit("/staff/portals?q=th%C6%B0+vi%E1%BB%87n&state=live")
    page = prove(browser, device)

    assert page.request.path == "/staff/portals"
    assert 'value="thư viện"' in page.text


def test_the_way_back_stays_on_officers_pages(
    provider: Provider, browser: Browser
) -> None:
    """`next` never leads to another site."""
    _, link = invite_officer(provider, "reviewer")
    device = Authenticator()
    join(browser, link, device)
    for address in ("//evil.example", "https://evil.example", "/staff/../account"):
        page = browser.visit(f"/staff/sign-in?next={address}")
        form = PasskeyForm(browser.client, page)
        page = form.post(browser, device.get(form.options()), next=address)
        assert page.request.path == "/staff"


def test_a_second_passkey_signs_in_and_the_last_stays(
    provider: Provider, browser: Browser
) -> None:
    """The page recommends two, takes one away, and keeps the last."""
    _, first = sign_in_officer(browser, provider, roles=["reviewer"])
    assert "/staff/passkeys" in browser.visit("/staff").text.partition("notice")[2]
    page = browser.visit("/staff/passkeys")
    assert "/remove" not in page.text
    form = PasskeyForm(browser.client, page)
    second = Authenticator()
    page = form.post(browser, second.create(form.options()), label="spare")
    assert "spare" in page.text

    removal = page.text.partition('action="/staff/passkeys/')[2]
    path = "/staff/passkeys/" + removal.partition('"')[0]
    token = removal.partition('value="')[2].partition('"')[0]
    browser.visit(path, data={"csrf_token": token})
    browser.visit("/staff/sign-in")

    assert error_code(prove(browser, first)) == "DD-STAFF-001"
    assert prove(browser, second).request.path == "/staff"


def test_a_known_passkey_is_not_added_twice(
    provider: Provider, browser: Browser
) -> None:
    """One passkey is one row, whoever brings it."""
    _, device = sign_in_officer(browser, provider, roles=["reviewer"])
    form = PasskeyForm(browser.client, browser.visit("/staff/passkeys"))

    page = form.post(browser, device.create(form.options()), label="again")

    assert error_code(page) == "DD-PASSKEY-003"


def test_pages_without_scripts_say_so(provider: Provider, browser: Browser) -> None:
    """A form that comes without a passkey's answer changes nothing."""
    _, link = invite_officer(provider, "reviewer")
    form = PasskeyForm(browser.client, browser.visit(link))
    assert "noscript" in form.post(browser, "").text
    join(browser, link, Authenticator())
    form = PasskeyForm(browser.client, browser.visit("/staff/sign-in"))
    assert form.post(browser, "").request.path == "/staff/sign-in"
    assert count(provider, StaffSession) == 0


def test_names_are_sealed(provider: Provider, browser: Browser) -> None:
    """The database's file holds no officer's name, cookie or link."""
    sign_in_officer(browser, provider, roles=["reviewer"], name="Zebulon Quux")

    with provider.database.read() as connection:
        rows = connection.execute(sa.select(StaffAccount.name_sealed)).scalars().all()
        path = connection.engine.url.database
    assert all(b"Zebulon" not in row for row in rows)
    assert b"Zebulon" not in Path(path).read_bytes()
