"""A forgotten password: alike for everyone, two other proofs, once, and no session."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from idp import clock
from idp.accounts.lifecycle import place_lock
from idp.factors.password import PasswordPool
from idp.provider import Provider
from tests.driver import Browser, at, error_code
from tests.integration.chip.agent import unknown_number
from tests.integration.chip.people import PASSWORD
from tests.integration.way_back import (
    EMAIL,
    NEW_PASSWORD,
    PHONE,
    Returning,
    app_code,
    code_in,
    make_codes,
    prepare,
)
from tests.services import BACKENDS
from tests.statements import noted_statements

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def returning(app: Flask, provider: Provider) -> Returning:
    return Returning.open(app, provider)


def signed_in(app: Flask, citizen, password: str) -> Browser:
    """Return a browser that tried to sign in, at its page."""
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(personal_number=citizen.person.number, password=password)
    return browser


def is_whole(browser: Browser) -> bool:
    return browser.client.get("/account").status_code == 200


def bare(page) -> str:
    """Return a page without what is new each time: ids, times, tokens."""
    text = re.sub(r'value="[0-9a-f]{64}"', "", page.text)
    text = re.sub(r"/way-back/[\w-]+", "", text)
    text = re.sub(r'<span class="code">[0-9A-Z]{4}-[0-9A-Z]{4}</span>', "", text)
    return re.sub(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d \+07", "", text)


@on_each_backend
def test_two_other_proofs_set_a_password(app, provider, returning) -> None:
    """A letter's code and the app; then every session is over, and none began."""
    citizen = prepare(provider, factors=("totp",))
    elsewhere = signed_in(app, citizen, PASSWORD)
    elsewhere.submit(otp=app_code())
    assert is_whole(elsewhere)

    returning.forget(citizen.person.number)
    page = returning.prove("first", returning.post.code())
    assert "/password" not in page.text
    page = returning.prove("totp", app_code(1))
    assert f"{returning.case}/password" in page.text
    page = returning.choose_password()

    assert page.request.path == "/way-back/done/password"
    assert not is_whole(elsewhere)
    assert at(returning.browser.visit("/account")) == "login"
    assert "dd_session" not in str(returning.browser.client._cookies)
    assert error_code(signed_in(app, citizen, PASSWORD).page) == "DD-AUTH-001"
    assert at(signed_in(app, citizen, NEW_PASSWORD).page) == "otp"
    letter, message = returning.post.letters()[0], returning.post.messages()[0]
    assert "đặt lại" in letter
    assert "dat lai" in message
    assert "http" not in message  # a text message never carries a link
    assert re.findall(r"http\S+", letter) == re.findall(r"http\S+/freeze/\S+", letter)
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, citizen.id, 9)
    ended = next(event for event in events if event.type == "RecoveryEnded")
    assert ended.data == {"what": "password", "proofs": ["email", "totp"]}


@on_each_backend
def test_everyone_gets_the_same_answer(app, provider, monkeypatch) -> None:
    """Text, status, statements and hashes: with a mailbox, a phone, or no account."""
    citizen = prepare(provider, factors=("sms", "totp"))
    phone_only = prepare_other(provider)
    hashes = []
    monkeypatch.setattr(PasswordPool, "verify", lambda *_: hashes.append(1))
    seen = []
    for number in (citizen.person.number, phone_only, unknown_number()):
        returning = Returning.open(app, provider)
        returning.browser.visit("/forgotten")
        parts = []
        # Sending is the courier's, behind the answer: it is not part of the cost.
        provider.courier.wait()
        monkeypatch.setattr(provider.courier, "later", lambda errand: True)
        with noted_statements() as statements:
            page = returning.browser.submit(personal_number=number)
        parts += [bare(page), page.status_code, len(statements)]
        with noted_statements() as statements:
            page = returning.browser.submit(proof="000000")
        parts += [bare(page), page.status_code, len(statements), error_code(page)]
        with noted_statements() as statements:
            page = returning.press("/send/first")
        parts += [bare(page), page.status_code, len(statements)]
        for way in ("totp", "sms", "email", "recovery", "pwd"):
            page = returning.browser.visit(f"{returning.case}/prove/{way}")
            parts += [bare(page), page.status_code]
        seen.append(parts)

    assert seen[0] == seen[1] == seen[2]
    assert seen[0][6] == "DD-AUTH-003"
    assert not hashes


def prepare_other(provider: Provider) -> str:
    """Return the number of a citizen who has a phone and no mailbox."""
    from tests.driver import citizen as sandbox_citizen

    return sandbox_citizen(provider, state="active", factors=["pwd", "sms"])[
        "personal_number"
    ]


@on_each_backend
def test_a_link_is_used_by_its_button_alone(app, provider, returning) -> None:
    """A GET, by whatever scans mail, uses nothing; neither does another browser."""
    citizen = prepare(provider, factors=("totp",))
    returning.forget(citizen.person.number)
    case, link = returning.case, returning.post.link()

    for _ in range(3):
        assert returning.browser.client.get(link).status_code == 200
    stranger = Browser(app.test_client())
    page = stranger.visit(link)
    assert page.status_code == 200
    assert error_code(stranger.submit()) == "DD-BACK-001"
    assert at(returning.browser.visit(case)) == "way-back"
    assert returning.browser.page.request.path.endswith("/prove/first")

    returning.browser.visit(link)
    page = returning.browser.submit()
    assert page.request.path == case
    assert "thư điện tử" in page.text
    returning.browser.visit(link)
    assert error_code(returning.browser.submit()) == "DD-BACK-001"
    returning.browser.visit(case)
    page = returning.prove("totp", app_code())
    assert f"{case}/password" in page.text


def test_a_link_of_a_former_address_is_dead(provider, returning) -> None:
    """An address that has changed since proves nothing."""
    from idp.accounts.contacts import seal_email
    from idp.accounts.models import Account

    citizen = prepare(provider)
    returning.forget(citizen.person.number)
    link, code = returning.post.link(), returning.post.code()
    with provider.database.transaction() as session:
        account = session.get(Account, citizen.id)
        other = "else@dinhdanh.test"
        account.email_sealed = seal_email(provider.sealer, other, citizen.id)

    page = returning.browser.submit(proof=code)
    assert error_code(page) == "DD-AUTH-003"
    returning.browser.visit(link)
    assert error_code(returning.browser.submit()) == "DD-BACK-001"


def test_one_proof_is_never_enough(provider, returning) -> None:
    """Nor is the same one twice; the password's page stays shut."""
    citizen = prepare(provider, factors=("totp",))
    returning.forget(citizen.person.number)
    case, link = returning.case, returning.post.link()
    assert error_code(returning.browser.visit(f"{case}/password")) == "DD-BACK-001"
    returning.browser.visit(f"{case}/prove/first")
    returning.browser.submit(proof=returning.post.code())
    returning.browser.visit(link)
    returning.browser.submit()

    for path in ("password", "app", "phone"):
        assert error_code(returning.browser.visit(f"{case}/{path}")) == "DD-BACK-001"
    page = returning.browser.visit(f"{case}/prove/pwd")
    assert page.request.path == case, "the forgotten password is no proof"


def test_recovery_code_beside_the_letter(app, provider, returning) -> None:
    """A code from paper is another proof, and is used up."""
    citizen = prepare(provider)
    codes = make_codes(provider, citizen)
    returning.forget(citizen.person.number)
    returning.prove("first", returning.post.code())
    wrong = returning.prove("recovery", "AAAAA-AAAAA")
    assert error_code(wrong) == "DD-AUTH-007"
    page = returning.prove("recovery", codes[3].lower().replace("-", " "))
    assert f"{returning.case}/password" in page.text
    again = Returning.open(app, provider)
    again.forget(citizen.person.number)
    again.prove("first", again.post.code())
    assert error_code(again.prove("recovery", codes[3])) == "DD-AUTH-007"


def test_phone_codes_where_there_is_no_mailbox(provider, returning) -> None:
    """By SMS, without a link; the app is the second proof."""
    citizen = prepare(provider, factors=("sms", "totp"), email=None)
    returning.forget(citizen.person.number)
    (message,) = returning.post.messages()
    assert "http" not in message
    assert "dat lai mat khau" in message
    returning.prove("first", code_in(message))
    page = returning.prove("totp", app_code())
    assert f"{returning.case}/password" in page.text


def test_a_stranger_has_no_second_code_sent(provider, returning) -> None:
    """Before the first proof only the first code goes out, whatever is posted."""
    citizen = prepare(provider, factors=("sms",))
    returning.forget(citizen.person.number)
    assert len(returning.post.letters()) == 1
    token = re.search(
        r'/send/first".*?csrf_token" value="([^"]*)"',
        returning.browser.page.text,
        re.DOTALL,
    )
    assert token, returning.browser.page.text
    for way in ("sms", "email"):
        address = f"{returning.case}/send/{way}"
        returning.browser.visit(address, data={"csrf_token": token[1]})

    assert returning.post.messages() == []
    assert len(returning.post.letters()) == 1
    returning.prove("first", returning.post.code())
    returning.press("/send/sms")
    assert len(returning.post.messages()) == 1


def test_a_reset_code_signs_nobody_in(app, provider, returning) -> None:
    """A code of one purpose serves no other, either way."""
    citizen = prepare(provider, factors=("sms",), email=None)
    browser = signed_in(app, citizen, PASSWORD)
    assert at(browser.page) == "otp"
    signing = code_in(returning.post.messages()[0])
    returning.forget(citizen.person.number)
    reset = code_in(returning.post.messages()[0])

    if signing != reset:
        assert error_code(browser.submit(otp=reset)) == "DD-AUTH-003"
        assert error_code(returning.browser.submit(proof=signing)) == "DD-AUTH-003"
    assert browser.submit(otp=signing).request.path == "/account"


def test_guesses_are_counted_over_cases(app, provider, returning) -> None:
    """Beginning anew opens no counter; and beginning itself is counted."""
    citizen = prepare(provider, factors=("totp",))
    answers = []
    for number in range(7):
        returning.forget(citizen.person.number)
        if returning.browser.page.status_code == 429:
            answers.append("begin")
            continue
        for _ in range(2):
            page = returning.browser.submit(proof=f"00000{number}")
            answers.append(error_code(page))
            if page.status_code == 429:
                returning.browser.visit(f"{returning.case}/prove/first")
    assert answers.count("DD-AUTH-003") == 5
    assert set(answers[5:-2]) == {"DD-AUTH-002"}
    assert answers[-2:] == ["begin", "begin"]


def test_a_case_is_used_once(app, provider, returning) -> None:
    """Of parallel posts one sets the password."""
    citizen = prepare(provider, factors=("totp",))
    returning.forget(citizen.person.number)
    returning.prove("first", returning.post.code())
    returning.prove("totp", app_code())
    case = returning.case
    page = returning.browser.visit(f"{case}/password")
    token = re.search(r'csrf_token" value="([^"]*)"', page.text)[1]
    cookie = returning.browser.client.get_cookie("dd_browser").value

    def post(number: int) -> str:
        client = app.test_client()
        client.set_cookie("dd_browser", cookie)
        typed = f"{NEW_PASSWORD} {number}"
        data = {"csrf_token": token, "password": typed, "again": typed}
        return client.post(f"{case}/password", data=data).headers.get("Location", "")

    with ThreadPoolExecutor(8) as pool:
        done = [place for place in pool.map(post, range(20)) if place]
    assert done == ["/way-back/done/password"]
    assert error_code(returning.browser.visit(case)) == "DD-BACK-001"


def test_another_browser_has_no_part_in_it(app, provider, returning) -> None:
    """A case's address alone opens nothing."""
    citizen = prepare(provider, factors=("totp",))
    returning.forget(citizen.person.number)
    stranger = Returning.open(app, provider)
    stranger.browser.visit("/forgotten")
    for path in ("", "/prove/first", "/password", "/app", "/phone", "/face"):
        page = stranger.browser.visit(returning.case + path)
        assert error_code(page) == "DD-BACK-001"


def test_a_locked_account_is_not_opened(provider, returning) -> None:
    """After two proofs the citizen is told why and what opens it; nothing is set."""
    citizen = prepare(provider, factors=("totp",))
    with provider.database.transaction() as session:
        place_lock(
            session,
            provider.audit,
            citizen.id,
            ground="holder_request",
            asker="holder",
            now=clock.now(),
        )
    returning.forget(citizen.person.number)
    returning.prove("first", returning.post.code())
    page = returning.prove("totp", app_code())
    assert "đang khóa theo yêu cầu của chính bạn" in page.text
    assert f"{returning.case}/password" not in page.text
    page = returning.choose_password()
    assert error_code(page) == "DD-BACK-001"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("ngắn quá", "DD-AUTH-041"),
        ("x" * 1100, "DD-AUTH-041"),
        ("{number} abcxyz", "DD-AUTH-042"),
        ("aaaaaaaaaaaaaaaa", "DD-AUTH-043"),
        ("", "DD-AUTH-006"),
    ],
)
def test_weak_passwords_are_refused(provider, returning, password, code) -> None:
    """And the case stays open for a better one."""
    citizen = prepare(provider, factors=("totp",))
    returning.forget(citizen.person.number)
    returning.prove("first", returning.post.code())
    returning.prove("totp", app_code())
    case = returning.case
    page = returning.choose_password(password.format(number=citizen.person.number))
    assert error_code(page) == code
    page = returning.browser.submit(password=NEW_PASSWORD, again="khác")
    assert error_code(page) == "DD-AUTH-044"
    returning.browser.visit(case)
    assert returning.choose_password().request.path == "/way-back/done/password"


def test_no_secret_is_logged(provider, returning, caplog, capsys) -> None:
    """Neither number, address, phone, code nor link; nor are they in an address."""
    citizen = prepare(provider, factors=("totp", "sms"))
    with caplog.at_level(logging.DEBUG):
        returning.forget(citizen.person.number)
        code, link = returning.post.code(), returning.post.link()
        returning.prove("first", "999999")
        returning.prove("first", code)
        returning.press("/send/sms")
        returning.prove("sms", code_in(returning.post.messages()[0]))
        returning.choose_password()
    written = caplog.text + "".join(capsys.readouterr())
    secrets = (citizen.person.number, EMAIL, PHONE, PHONE[3:], code, NEW_PASSWORD)
    for secret in (*secrets, link.rpartition("/")[2]):
        assert secret not in written


def test_a_number_that_cannot_be_one_is_said_so(returning) -> None:
    """Twelve digits are asked; that tells nothing of anybody."""
    assert error_code(returning.forget("12 34")) == "DD-AUTH-006"
