"""A new phone or address: strong proof, a code to the new one, the old one told."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from idp import clock
from idp.accounts.contacts import read_contacts
from idp.factors import holds
from tests.cards.people import AN
from tests.driver import Browser, at, error_code, step_form
from tests.integration.way_back import EMAIL, PHONE, Post, code_in, prepare
from tests.services import BACKENDS

NEW_PHONE, NEW_EMAIL = "+84500000955", "moi@dinhdanh.test"
on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def post(provider) -> Post:
    return Post(provider)


@pytest.fixture
def citizen(provider):
    return prepare(provider)


def sign_in(app, citizen) -> Browser:
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(**citizen.entry)
    assert at(browser.page) == "account", browser.page.text
    return browser


def known(provider, citizen):
    with provider.database.read() as connection:
        return read_contacts(connection, provider.sealer, citizen.id)


@on_each_backend
def test_a_new_phone_is_proven_told_and_held(app, provider, post) -> None:
    """The old phone and mailbox hear of it; codes to the new one wait a day."""
    citizen = prepare(provider, factors=("sms",))
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(**citizen.entry)
    browser.submit()
    browser.submit(otp=code_in(post.messages()[0]))
    page = browser.visit("/account/contacts/phone")
    assert PHONE[-4:] not in page.text
    page = browser.submit(address="0500 000 955")
    assert NEW_PHONE[-9:] not in page.text
    code = code_in(post.messages(NEW_PHONE)[0])
    assert known(provider, citizen).phone == PHONE, "nothing is changed before"
    page = browser.submit(otp="000000" if code != "000000" else "000001")
    assert error_code(page) == "DD-AUTH-003"
    page = browser.submit(otp=code)

    assert page.request.path == "/account/factors"
    assert known(provider, citizen).phone == NEW_PHONE
    assert "vua duoc doi" in post.messages(PHONE)[0]
    assert "/freeze/" in post.letters()[0]
    assert post.messages(NEW_PHONE)[0].count(code) == 1
    with provider.database.read() as connection:
        held = holds.held_until(connection, citizen.id, "sms", now=clock.now())
    assert held is not None
    with provider.database.read() as connection:
        recent = provider.audit.recent(connection, citizen.id, 5)
    assert {"ContactChanged", "CredentialHeld"} <= {entry.type for entry in recent}


def test_a_new_address_is_proven_and_the_old_one_told(
    app, provider, citizen, post
) -> None:
    """The letter to the old address has the link that freezes."""
    browser = sign_in(app, citizen)
    browser.visit("/account/contacts/email")
    browser.submit(address=NEW_EMAIL)
    page = browser.submit(otp=code_in(post.letters(NEW_EMAIL)[0]))
    assert page.request.path == "/account/factors"
    now = known(provider, citizen)
    assert (now.email, now.email_verified) == (NEW_EMAIL, True)
    assert "/freeze/" in post.letters(EMAIL)[0]
    assert len(post.letters(NEW_EMAIL)) == 1


@pytest.mark.parametrize(
    ("kind", "typed"),
    [("phone", ""), ("phone", "12"), ("phone", "0200000955"), ("email", "x@y")],
)
def test_what_is_no_address_is_refused(app, citizen, kind, typed) -> None:
    """The field is marked, and what was typed stays."""
    browser = sign_in(app, citizen)
    browser.visit(f"/account/contacts/{kind}")
    page = browser.submit(address=typed)
    assert (page.status_code, error_code(page)) == (422, "DD-AUTH-006")
    assert 'aria-invalid="true"' in page.text


@pytest.mark.parametrize("taken", [True, False])
def test_a_phone_of_another_is_refused_after_its_code(
    app, provider, citizen, post, taken
) -> None:
    """Of another account, or by the carrier of another person: told to its holder."""
    phone = NEW_PHONE if taken else "+84500000999"
    if taken:
        other = replace(AN, number="001085000777")
        prepare_other(provider, other, phone)
    browser = sign_in(app, citizen)
    browser.visit("/account/contacts/phone")
    page = browser.submit(address=phone)
    assert error_code(page) is None, "sending tells nothing"
    page = browser.submit(otp=code_in(post.messages(phone)[0]))
    assert error_code(page) == "DD-LOCK-003"
    assert known(provider, citizen).phone == PHONE


def prepare_other(provider, person, phone) -> None:
    from tests.integration.chip.people import create_citizen

    create_citizen(provider, person, phone=phone)


def test_guessing_the_code_ends(app, citizen, post) -> None:
    """Five wrong codes, then a pause, even for the right one."""
    browser = sign_in(app, citizen)
    browser.visit("/account/contacts/email")
    browser.submit(address=NEW_EMAIL)
    code = code_in(post.letters(NEW_EMAIL)[0])
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(5):
        assert error_code(browser.submit(otp=wrong)) == "DD-AUTH-003"
    assert error_code(browser.submit(otp=code)) == "DD-AUTH-002"


def test_a_session_without_the_strong_factor_is_asked_for_it(
    app, provider, post
) -> None:
    """With an app enrolled the password alone opens no change."""
    citizen = prepare(provider, factors=("totp",))
    browser = Browser(app.test_client())
    browser.visit("/account/contacts/phone")
    page = browser.submit(**citizen.entry)
    assert at(page) == "otp"
    page = browser.visit("/account/contacts/phone")
    assert at(page) == "otp"


@on_each_backend
def test_of_parallel_confirmations_one_changes(app, provider, citizen, post) -> None:
    """The code works once."""
    browser = sign_in(app, citizen)
    browser.visit("/account/contacts/email")
    page = browser.submit(address=NEW_EMAIL)
    form = step_form(page)
    data = dict(form.fields) | {"otp": code_in(post.letters(NEW_EMAIL)[0])}
    cookies = {
        name: browser.client.get_cookie(name).value
        for name in ("dd_session", "dd_browser")
    }

    def press(_turn):
        client = app.test_client()
        for name, value in cookies.items():
            client.set_cookie(name, value)
        kind = "application/x-www-form-urlencoded"
        sent = client.post(form.action, data=urlencode(data), content_type=kind)
        return sent.status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(press, range(4)))

    assert answers.count(303) == 1, answers
    assert known(provider, citizen).email == NEW_EMAIL
