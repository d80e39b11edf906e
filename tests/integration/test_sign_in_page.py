"""The sign-in and one-time-code pages, as a browser without scripts meets them."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.provider import Provider
from tests.driver import (
    Browser,
    Portal,
    answer,
    at,
    citizen,
    citizens,
    error_code,
    step_form,
)

WRONG = "this-is-not-the-password"


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(client: FlaskClient, portal: Portal) -> Browser:
    """Return a browser that stands at the sign-in page."""
    browser = Browser(client)
    browser.visit(portal.url())
    return browser


def same(page: TestResponse, typed: str) -> str:
    """Return the page without what differs between any two answers."""
    text = page.text.replace(typed, "")
    return re.sub(r'class="(code|number)">[^<]*<|value="[^"]*"', "", text)


def session_cookie(browser: Browser) -> str | None:
    cookie = browser.client.get_cookie("dd_session")
    return cookie.value if cookie else None


def test_failures_look_the_same(provider: Provider, browser: Browser) -> None:
    """Known, unknown, malformed and locked: nobody learns which numbers exist."""
    pages = [
        (browser.submit(personal_number=number, password=WRONG), number)
        for number in (
            citizen(provider, state="active")["personal_number"],
            citizen(provider, state="locked")["personal_number"],
            "999099111111",
            "001099111111",
            "12345",
            "ữ\x00\u202e",
        )
    ]

    assert {page.status_code for page, _ in pages} == {422}
    assert {error_code(page) for page, _ in pages} == {"DD-AUTH-001"}
    assert len({same(page, number) for page, number in pages}) == 1


def test_the_number_is_kept_and_the_password_never(browser: Browser) -> None:
    """Whoever mistyped need not type it all again; a secret is not sent back."""
    page = browser.submit(personal_number="999 085 000 003", password=WRONG)

    assert 'value="999 085 000 003"' in page.text
    assert WRONG not in page.text
    assert 'role="alert"' in page.text


@pytest.mark.parametrize(
    ("hint", "shown"),
    [("999085000003", "999 085 000 003"), ("Lan \u202e", ""), ("", "")],
)
def test_the_portal_may_hint_the_number(
    client: FlaskClient, portal: Portal, hint: str, shown: str
) -> None:
    """A `login_hint` fills the field if it is a number, and else is nowhere."""
    page = Browser(client).visit(portal.url(login_hint=hint))

    assert f'value="{shown}"' in page.text.replace("\u00a0", " ")
    assert "Lan " not in page.text


@pytest.mark.parametrize("missing", ["personal_number", "password"])
def test_empty_fields_are_named(browser: Browser, missing: str) -> None:
    """The field that is empty says so."""
    typed = {"personal_number": "999085000003", "password": WRONG, missing: ""}

    page = browser.submit(**typed)

    assert error_code(page) == "DD-AUTH-006"
    assert f'id="{missing}-wrong"' in page.text


def test_refusals_come_after_the_password(provider: Provider, client, portal) -> None:
    """Each account that cannot sign in is told its own reason, and gets no session."""
    codes = set()
    for person in citizens(provider):
        if person["state"] == "active":
            continue
        browser = Browser(client)
        browser.visit(portal.url())
        page = browser.sign_in(person)
        codes.add(error_code(page))
        assert page.status_code == 403
        assert session_cookie(browser) is None
        assert answer(browser.submit())["error"] == "access_denied"

    expected = {"011", "012", "013", "021", "025"}
    assert codes == {f"DD-AUTH-{number}" for number in expected}


def test_guessing_stops(provider: Provider, browser: Browser) -> None:
    """Beyond the limit even the right password waits."""
    person = citizen(provider, state="active")
    number = person["personal_number"]
    for _ in range(provider.config.throttle.passwords_per_source):
        browser.submit(personal_number=number, password=WRONG)

    page = browser.submit(personal_number=number, password=person["password"])

    assert error_code(page) == "DD-AUTH-002"
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0


def test_forms_of_other_pages_do_not_fit(browser: Browser, portal: Portal) -> None:
    """A token belongs to one step of one transaction."""
    first = browser.page
    assert first is not None
    stolen = dict(step_form(first).fields)["csrf_token"]
    browser.visit(portal.url())

    page = browser.submit(csrf_token=stolen, personal_number="1", password=WRONG)

    assert error_code(page) == "DD-WEB-010"
    assert page.status_code == 403


def test_without_cookies(browser: Browser) -> None:
    """A browser that sends no cookies is told so."""
    browser.client.delete_cookie("dd_browser")

    page = browser.submit(personal_number="1", password=WRONG)

    assert error_code(page) == "DD-TXN-005"


def test_another_browser(app, browser: Browser) -> None:
    """A link to somebody's sign-in is worth nothing elsewhere."""
    assert browser.page is not None
    other = Browser(app.test_client())
    other.client.set_cookie("dd_browser", "another")

    page = other.visit(browser.page.request.path)

    assert error_code(page) == "DD-TXN-003"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        ("{}", "application/json", "DD-WEB-415"),
        ("", "", "DD-WEB-415"),
        (
            "csrf_token=a&csrf_token=b",
            "application/x-www-form-urlencoded",
            "DD-WEB-400",
        ),
        ("a" * 70_000, "application/x-www-form-urlencoded", "DD-WEB-413"),
        ("%ff=%c3%28", "application/x-www-form-urlencoded", "DD-WEB-010"),
    ],
)
def test_odd_bodies(browser: Browser, body: str, content_type: str, code: str) -> None:
    """Whatever is posted, a page says what was wrong, and the sign-in goes on."""
    assert browser.page is not None
    path = browser.page.request.path

    page = browser.client.post(path, data=body, content_type=content_type)

    assert error_code(page) == code
    assert at(browser.visit(path)) == "login"
    assert error_code(browser.page) is None


def test_double_submit(provider: Provider, browser: Browser, portal: Portal) -> None:
    """The second of two posts of the same step still goes on."""
    person = citizen(provider, state="active", factors=["pwd"])
    form_page = browser.page

    browser.sign_in(person)
    again = browser.submit(
        form_page,
        personal_number=person["personal_number"],
        password=person["password"],
    )

    assert at(again) == "consent"


def test_the_cookie_changes_with_each_proof(provider: Provider, browser) -> None:
    """A session cookie that was planted or seen before a proof is worth nothing."""
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    after_password = session_cookie(browser)

    browser.submit(otp=browser.one_time_code(person))

    assert after_password
    assert session_cookie(browser) not in (None, after_password)


def test_wrong_and_used_codes(provider: Provider, portal: Portal, app) -> None:
    """A wrong code is refused, and so is the code of the sign-in before."""
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    browsers = [Browser(app.test_client()) for _ in range(2)]
    code = browsers[0].one_time_code(person)
    for browser in browsers:
        browser.visit(portal.url())
        browser.submit(
            personal_number=person["personal_number"], password=person["password"]
        )
        wrong = browser.submit(otp="000000" if code != "000000" else "111111")
        assert error_code(wrong) == "DD-AUTH-003"

    assert at(browsers[0].submit(otp=code)) == "consent"
    assert error_code(browsers[1].submit(otp=code)) == "DD-AUTH-003"


def sent(browser: Browser, person: dict[str, Any]) -> list[dict[str, str]]:
    page = browser.client.get(
        "/sandbox/outbox.json", query_string={"phone": person["phone"]}
    )
    return page.get_json()


def test_a_text_message_is_sent_once(provider: Provider, browser: Browser) -> None:
    """Reading the page again sends nothing; asking too early is told."""
    person = citizen(provider, state="active", factors=["pwd", "sms"])
    page = browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    assert at(page) == "otp"
    browser.visit(page.request.path)
    assert len(sent(browser, person)) == 1

    token = re.findall(r'/resend.*?csrf_token" value="([^"]+)', page.text, re.DOTALL)[0]
    early = browser.visit(
        f"{page.request.path}/resend?way=sms", data={"csrf_token": token}
    )

    assert error_code(early) == "DD-AUTH-004"
    code = re.findall(r"\b\d{6}\b", sent(browser, person)[0]["text"])[0]
    assert at(browser.submit(otp=code)) == "consent"


def test_other_ways_skip_nothing(provider: Provider, browser: Browser) -> None:
    """A way that is not enrolled is not offered, and its address changes nothing."""
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    page = browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )

    other = browser.visit(f"{page.request.path}?way=sms")
    resume = browser.visit(page.request.path.replace("/otp/", "/consent/"))

    assert "way=sms" not in page.text
    assert at(other) == "otp"
    assert not sent(browser, person)
    assert at(resume) == "otp"


def test_languages(portal: Portal, client: FlaskClient) -> None:
    """The portal may hint; the citizen's own choice stands and is remembered."""
    browser = Browser(client)

    hinted = browser.visit(portal.url(ui_locales="fr en"))
    chosen = browser.visit(f"{hinted.request.path}?lang=vi")
    later = browser.visit(portal.url(ui_locales="en"))

    assert '<html lang="en">' in hinted.text
    assert '<html lang="vi">' in chosen.text
    assert '<html lang="vi">' in later.text


def test_the_policy_names_this_portal_only(browser: Browser) -> None:
    """Forms may lead to ourselves and on to the verified redirect URI."""
    assert browser.page is not None
    policy = browser.page.headers["Content-Security-Policy"]

    assert policy.endswith("form-action 'self' https://tax.example")
    assert "unsafe" not in policy


def test_pages_have_no_inline_script_or_style(browser: Browser) -> None:
    """What the policy forbids is not tried."""
    assert browser.page is not None

    # A script has a file of its own, and nothing stands between its tags.
    assert not re.search(r"<script(?! type=\"module\" src=\"/)", browser.page.text)
    assert not re.search(r"<script[^>]*>[^<]", browser.page.text)
    assert not re.search(r"<style|style=|\son\w+=", browser.page.text)


def test_cancel_goes_back(browser: Browser) -> None:
    """The second form gives up."""
    assert browser.page is not None
    transaction = browser.page.request.path.rpartition("/")[2]

    page = browser.visit("/authorize/cancel", data={"transaction": transaction})

    assert answer(page)["error"] == "access_denied"
