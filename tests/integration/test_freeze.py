"""Locking from a letter's link or one button, and opening again at home."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from clients.reader.virtual.profiles import Profile
from idp import clock
from idp.accounts.contacts import read_contacts
from idp.accounts.lifecycle import live_locks
from idp.factors import freeze_links, notices
from idp.locks import placing
from tests.driver import Browser, at, error_code, step_form
from tests.integration.chip.people import PASSWORD, enrol, issue, trust
from tests.integration.way_back import Post, Returning, prepare
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def citizen(provider):
    return prepare(provider)


@pytest.fixture
def post(provider) -> Post:
    return Post(provider)


def warn(provider, citizen) -> None:
    with provider.database.read() as connection:
        known = read_contacts(connection, provider.sealer, citizen.id)
    notices.warn(provider, known, "phone_changed", clock.now())


def locks(provider, citizen) -> tuple[str, ...]:
    with provider.database.read() as connection:
        return live_locks(connection, citizen.id)


def sign_in(app, citizen) -> Browser:
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(**citizen.entry)
    return browser


@on_each_backend
def test_the_link_asks_and_its_button_locks(app, provider, citizen, post) -> None:
    """Looking at the page does nothing; the button ends every session, once."""
    victim = sign_in(app, citizen)
    assert at(victim.page) == "account"
    warn(provider, citizen)
    link = post.link()
    assert link not in post.messages()[0]
    assert "http" not in post.messages()[0]
    browser = Browser(app.test_client())
    for _ in range(2):
        page = browser.visit(link)
        assert page.status_code == 200
    assert locks(provider, citizen) == ()
    assert at(victim.visit("/account")) == "account"

    page = browser.submit()

    assert page.request.path == "/locked"
    assert locks(provider, citizen) == ("holder_request",)
    assert at(victim.visit("/account")) == "login"
    assert error_code(victim.submit(**citizen.entry)) == "DD-AUTH-021"
    for page in (browser.visit(link), browser.visit("/freeze/unknown")):
        assert (page.status_code, error_code(page)) == (410, "DD-LOCK-002")
    letter = post.letters()[0]
    assert "bị khóa" in letter
    assert "/freeze/" not in letter


def test_the_link_runs_out(provider, citizen) -> None:
    """After 72 hours it is dead; a later letter clears it away."""
    now, lifetime = clock.now(), provider.config.locks.freeze_link
    with provider.database.transaction() as session:
        token = freeze_links.make(session, citizen.id, lifetime=lifetime, now=now)
    late = now + timedelta(hours=72)
    with provider.database.transaction() as session:
        just = late - timedelta(seconds=1)
        assert freeze_links.is_live(session, token, now=just)
        assert not freeze_links.is_live(session, token, now=late)
        assert freeze_links.take(session, token, now=late) is None


@on_each_backend
def test_of_parallel_presses_one_locks(app, provider, citizen, post) -> None:
    """One link pressed at once, and two links at once: one lock, no error of ours."""
    warn(provider, citizen)
    warn(provider, citizen)
    links = [text.partition("localhost:8000")[2].split()[0] for text in post.letters()]
    browser = Browser(app.test_client())
    forms = []
    for link in links:
        fields = dict(step_form(browser.visit(link)).fields)
        forms += [(link, fields)] * 3
    name = browser.client.get_cookie("dd_browser").value

    def press(form):
        client = app.test_client()
        client.set_cookie("dd_browser", name)
        return client.post(
            form[0],
            data=urlencode(form[1]),
            content_type="application/x-www-form-urlencoded",
        ).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(press, forms))

    assert answers == [303, 303, 410, 410, 410, 410]
    assert locks(provider, citizen) == ("holder_request",)


def test_a_foreign_form_freezes_nobody(app, provider, citizen, post) -> None:
    """The link alone is no form: its page must have been open in this browser."""
    warn(provider, citizen)
    browser = Browser(app.test_client())
    browser.visit("/freeze/unknown")
    refused = browser.client.post(post.link(), data={"csrf_token": "0" * 64})
    assert error_code(refused) in ("DD-WEB-010", "DD-WEB-011")
    assert locks(provider, citizen) == ()


def test_the_holders_own_button(app, provider, citizen, post) -> None:
    """One press, no further proof; signed out at once, told by letter and message."""
    browser, other = sign_in(app, citizen), sign_in(app, citizen)
    assert "/account/lock" in browser.page.text
    browser.visit("/account/lock")
    page = browser.submit()
    assert page.request.path == "/locked"
    assert locks(provider, citizen) == ("holder_request",)
    for one in (browser, other):
        assert at(one.visit("/account")) == "login"
    assert "bi khoa" in post.messages()[0]


@pytest.fixture
def card(provider, citizen):
    trust(provider)
    card = issue(Profile(active="ecdsa"))
    enrol(provider, citizen, card)
    return card


def lock(provider, citizen, ground, asker) -> None:
    with provider.database.transaction() as session:
        placing.lock(
            provider, session, citizen.id, ground=ground, asker=asker, now=clock.now()
        )


def test_card_and_password_open_it_at_home(app, provider, citizen, card, post) -> None:
    """Nothing else is offered before, and neither proof alone is enough."""
    lock(provider, citizen, "holder_request", "holder")
    returning = Returning.open(app, provider)
    page = returning.show_card(card, citizen.person.number)
    case = returning.case
    assert "/unlock" not in page.text
    page = returning.prove("pwd", PASSWORD)
    assert f"{case}/unlock" in page.text
    assert f"{case}/phone" not in page.text
    refused = returning.browser.client.get(f"{case}/phone")
    returning.browser.visit(case)
    page = returning.press("/unlock")
    assert page.request.path == "/unlocked"
    assert locks(provider, citizen) == ()
    assert "mở khóa" in post.letters()[0]
    assert at(sign_in(app, citizen).page) == "account"
    assert refused.status_code in (200, 400, 403)
    again = returning.browser.client.post(f"{case}/unlock")
    assert error_code(again) == "DD-BACK-001"


def test_another_ground_is_not_opened_so(app, provider, citizen, card) -> None:
    """An authority's lock holds, alone or beside the holder's own."""
    lock(provider, citizen, "holder_request", "holder")
    lock(provider, citizen, "authority_request", "authority")
    returning = Returning.open(app, provider)
    returning.show_card(card, citizen.person.number)
    page = returning.prove("pwd", PASSWORD)
    assert page.status_code == 403
    assert set(locks(provider, citizen)) == {"holder_request", "authority_request"}


def test_an_open_account_offers_no_unlock(app, provider, citizen, card) -> None:
    """What is not locked is changed as before."""
    returning = Returning.open(app, provider)
    returning.show_card(card, citizen.person.number)
    page = returning.prove("pwd", PASSWORD)
    assert "/unlock" not in page.text
    assert f"{returning.case}/phone" in page.text
