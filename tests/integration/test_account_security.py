"""Adding an app, recovery codes and a new password on the citizen's own page."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from flask import Flask

from idp import clock
from idp.factors import recovery_codes
from idp.provider import Provider
from tests.driver import Browser, at, error_code
from tests.integration.chip.people import PASSWORD
from tests.integration.way_back import (
    NEW_PASSWORD,
    Post,
    app_code,
    code_in,
    make_codes,
    prepare,
)
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def post(provider: Provider) -> Post:
    return Post(provider)


def sign_in(app: Flask, citizen, *codes: str, password: str = PASSWORD) -> Browser:
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(personal_number=citizen.person.number, password=password)
    for code in codes:
        browser.submit(otp=code)
    return browser


def key_on(page) -> pyotp.TOTP:
    found = re.search(r'class="code key">([A-Z2-7 ]+)<', page.text)
    assert found, page.text
    return pyotp.TOTP(found[1].replace(" ", ""))


def codes_on(page) -> list[str]:
    return re.findall(r'<li><span class="code">([A-Z0-9-]+)<', page.text)


@on_each_backend
def test_an_app_counts_once_it_has_shown_a_code(app, provider, post) -> None:
    """Key, picture, confirmation; the code that confirmed signs nobody in."""
    citizen = prepare(provider)
    browser = sign_in(app, citizen)
    page = browser.visit("/account/ways/totp")
    key = key_on(page)
    assert 'src="data:image/svg+xml' in page.text
    assert citizen.person.number not in page.text
    assert key_on(browser.visit("/account/ways/totp")).secret == key.secret
    page = browser.submit(otp="123", label="điện thoại\x07 xanh")
    assert error_code(page) == "DD-AUTH-003"
    assert at(sign_in(app, citizen).page) == "account", "nothing is enrolled yet"
    code = key.at(clock.now())
    page = browser.submit(otp=code, label="điện thoại\x07 xanh")
    assert page.request.path == "/account/factors"
    assert "điện thoại xanh" in page.text
    assert "ứng dụng" in post.letters()[0]
    other = sign_in(app, citizen)
    assert at(other.page) == "otp"
    assert error_code(other.submit(otp=code)) == "DD-AUTH-003"
    later = key.at(clock.now(), counter_offset=1)
    assert other.submit(otp=later).request.path == "/account"


@pytest.mark.parametrize(
    ("steps", "is_taken"), [(-2, False), (-1, True), (1, True), (2, False)]
)
def test_the_clock_may_differ_by_one_step(app, provider, steps, is_taken) -> None:
    """Thirty seconds either way and no more."""
    from idp.factors import totp

    secret, now = totp.new_secret(), clock.now()
    code = pyotp.TOTP(secret).at(now + timedelta(seconds=30 * steps))
    assert (totp.confirm(secret, code, now=now) is not None) == is_taken


def test_a_key_is_not_added_twice(app, provider) -> None:
    """Two presses at one moment enrol one app."""
    citizen = prepare(provider)
    browser = sign_in(app, citizen)
    page = browser.visit("/account/ways/totp")
    key, token = key_on(page), re.search(r'csrf_token" value="([^"]*)"', page.text)[1]
    session = browser.client.get_cookie("dd_session").value
    name = browser.client.get_cookie("dd_browser").value
    data = {"csrf_token": token, "otp": key.at(clock.now()), "label": ""}

    def press(_):
        client = app.test_client()
        client.set_cookie("dd_session", session)
        client.set_cookie("dd_browser", name)
        return client.post("/account/ways/totp", data=data).status_code

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(press, range(12)))
    page = browser.visit("/account/history?lang=en")
    from idp.factors.enrolled import list_enrolled

    with provider.database.read() as connection:
        assert len(list_enrolled(connection, citizen.id)) == 1


@on_each_backend
def test_recovery_codes_are_shown_once_and_work_once(app, provider, post) -> None:
    """Ten, each of them for one sign-in; new ones end them."""
    citizen = prepare(provider, factors=("totp",))
    browser = sign_in(app, citizen, app_code())
    browser.visit("/account/ways/codes")
    page = browser.submit()
    codes = codes_on(page)
    assert len(set(codes)) == recovery_codes.CODES
    assert "mã khôi phục" in post.letters()[0]
    assert codes_on(browser.visit("/account/ways/codes")) == []
    assert "10" in browser.page.text

    other = sign_in(app, citizen)
    page = other.visit(f"/recovery/{other.page.request.path.rpartition('/')[2]}")
    assert error_code(other.submit(code="BBBBB-BBBBB")) == "DD-AUTH-007"
    assert error_code(other.submit(code="")) == "DD-AUTH-006"
    page = other.submit(code=codes[0].lower())
    assert page.request.path == "/account"
    assert "9" in other.visit("/account/ways/codes").text
    third = sign_in(app, citizen)
    third.visit(f"/recovery/{third.page.request.path.rpartition('/')[2]}")
    assert error_code(third.submit(code=codes[0])) == "DD-AUTH-007"
    make_codes(provider, citizen)
    assert error_code(third.submit(code=codes[1])) == "DD-AUTH-007"
    with provider.database.read() as connection:
        assert recovery_codes.remaining(connection, citizen.id) == recovery_codes.CODES


@on_each_backend
def test_of_fifty_parallel_tries_one_uses_the_code(provider) -> None:
    """And of parallel wishes for new codes ten codes remain."""
    citizen = prepare(provider)
    code = make_codes(provider, citizen)[0]

    def use(_):
        with provider.database.transaction() as session:
            return recovery_codes.verify(
                session,
                provider.audit,
                provider.sealer,
                citizen.id,
                code=code,
                now=clock.now(),
            )

    with ThreadPoolExecutor(16) as pool:
        used = [factor for factor in pool.map(use, range(50)) if factor]
    assert [factor.method for factor in used] == ["recovery"]
    with provider.database.read() as connection:
        assert recovery_codes.remaining(connection, citizen.id) == 9
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: make_codes(provider, citizen), range(8)))
    with provider.database.read() as connection:
        assert recovery_codes.remaining(connection, citizen.id) == 10


def test_codes_of_another_account_are_worth_nothing(app, provider) -> None:
    """Even the same letters."""
    from tests.cards.people import DAO
    from tests.integration.chip.people import create_citizen

    citizen, other = prepare(provider), create_citizen(provider, DAO)
    code = make_codes(provider, citizen)[0]
    with provider.database.transaction() as session:
        stores = (session, provider.audit, provider.sealer)
        assert not recovery_codes.verify(*stores, other.id, code=code, now=clock.now())
        assert not recovery_codes.verify(*stores, citizen.id, code="", now=clock.now())


def test_guesses_at_codes_are_counted(app, provider) -> None:
    """With the one-time codes, over both pages."""
    citizen = prepare(provider, factors=("totp",))
    browser = sign_in(app, citizen, "000000", "000001", "000002")
    browser.visit(f"/recovery/{browser.page.request.path.rpartition('/')[2]}")
    codes = [error_code(browser.submit(code=f"BBBBB-BBBB{n}")) for n in (2, 3, 4)]
    assert codes == ["DD-AUTH-007", "DD-AUTH-007", "DD-AUTH-002"]
    assert browser.page.status_code == 429


def test_nobody_signed_in_gets_no_recovery_page(app) -> None:
    """A transaction without a first proof leads to the sign-in."""
    browser = Browser(app.test_client())
    browser.visit("/account")
    transaction = browser.page.request.path.rpartition("/")[2]
    assert at(browser.visit(f"/recovery/{transaction}")) == "login"


@on_each_backend
def test_a_new_password_ends_the_other_places(app, provider, post) -> None:
    """This one stays; the old password is no more; the mailbox is told."""
    citizen = prepare(provider)
    here, elsewhere = sign_in(app, citizen), sign_in(app, citizen)
    here.visit("/account/password")
    assert error_code(here.submit(password="ngắn", again="ngắn")) == "DD-AUTH-041"
    page = here.submit(password=NEW_PASSWORD, again=NEW_PASSWORD)
    assert page.request.path == "/account/factors"
    assert here.client.get("/account").status_code == 200
    assert elsewhere.client.get("/account").status_code == 303
    assert error_code(sign_in(app, citizen).page) == "DD-AUTH-001"
    assert at(sign_in(app, citizen, password=NEW_PASSWORD).page) == "account"
    assert "vừa được đổi" in post.letters()[0]
    assert post.messages() == []


def test_without_a_mailbox_the_phone_is_told(app, provider, post) -> None:
    """In plain letters and without a link."""
    citizen = prepare(provider, email=None)
    browser = sign_in(app, citizen)
    browser.visit("/account/password")
    browser.submit(password=NEW_PASSWORD, again=NEW_PASSWORD)
    (message,) = post.messages()
    assert message.isascii()
    assert "http" not in message
    assert len(message) <= 160


PATHS = ["/account/ways/totp", "/account/ways/codes", "/account/password"]


@pytest.mark.parametrize("path", PATHS)
def test_forms_from_elsewhere_change_nothing(app, provider, path) -> None:
    """A form without the page's token is refused."""
    citizen = prepare(provider)
    browser = sign_in(app, citizen)
    data = {"otp": "1", "label": "", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert error_code(browser.visit(path, data=data)) == "DD-WEB-010"


@pytest.mark.parametrize("path", PATHS)
def test_an_old_sign_in_has_to_prove_anew(app, provider, path, monkeypatch) -> None:
    """Six minutes later the strongest proof is asked again before anything is done."""
    citizen = prepare(provider, factors=("totp",))
    browser = sign_in(app, citizen, app_code())
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    page = browser.visit(path, data={"csrf_token": "x"})
    assert at(page) == "login"


@on_each_backend
def test_a_changed_sim_is_told_and_held(app, provider, post) -> None:
    """No code goes out, other ways stay, and the password alone is not enough."""
    citizen = prepare(provider, factors=("sms", "totp"))
    phone = "+84500000931"
    provider.carrier.change_sim(phone, clock.now())
    browser = sign_in(app, citizen)
    transaction = browser.page.request.path.rpartition("/")[2]
    page = browser.visit(f"/otp/{transaction}?way=sms")
    assert error_code(page) == "DD-SMS-003"
    assert post.messages() == []
    page = browser.visit(f"/otp/{transaction}?way=sms")
    assert error_code(page) is None, "the app is asked instead"
    assert browser.submit(otp=app_code()).request.path == "/account"


def test_only_a_held_phone_lets_nobody_in(app, provider, post) -> None:
    """Who has the password and the new SIM waits a day, or shows the card."""
    citizen = prepare(provider, factors=("sms",))
    provider.carrier.change_sim("+84500000931", clock.now())
    browser = sign_in(app, citizen)
    assert error_code(browser.page) == "DD-SMS-003"
    page = browser.visit("/account")
    assert page.request.path != "/account"
    assert browser.client.get("/account").status_code == 303


def test_a_silent_carrier_sends_no_code(app, provider, post, monkeypatch) -> None:
    """Closed, not open."""
    from idp.factors.carrier import CarrierError

    def silent(self, phone, now):
        raise CarrierError(detail="timeout")

    monkeypatch.setattr(type(provider.carrier), "sim_changed_at", silent)
    browser = sign_in(app, prepare(provider, factors=("sms",)))
    assert error_code(browser.page) == "DD-SMS-001"
    assert post.messages() == []


def test_the_outbox_shows_letters_too(app, provider, client) -> None:
    """By phone, by mailbox, or both; the members that programs know stay."""
    citizen = prepare(provider, factors=("sms",))
    sign_in(app, citizen)
    browser = Browser(app.test_client())
    browser.visit("/forgotten")
    browser.submit(personal_number=citizen.person.number)
    both = client.get("/sandbox/outbox.json").get_json()
    assert {frozenset(item) for item in both} == {
        frozenset({"phone", "text", "sent_at"}),
        frozenset({"email", "subject", "text", "sent_at"}),
    }
    letters = client.get(
        "/sandbox/outbox.json", query_string={"email": "an.nguyen@dinhdanh.test"}
    ).get_json()
    messages = client.get("/sandbox/outbox.json?phone=0500000931").get_json()
    assert [item["email"] for item in letters] == ["an.nguyen@dinhdanh.test"]
    assert code_in(messages[0]["text"])
    assert client.get("/sandbox/outbox.json?phone=1").get_json() == []
    page = client.get("/sandbox/outbox?email=an.nguyen@dinhdanh.test")
    assert "an.nguyen@dinhdanh.test" in page.text
