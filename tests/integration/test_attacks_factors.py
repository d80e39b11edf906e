"""Attacks on the factors' pages: pumping, telling accounts apart, and nonsense."""

from datetime import date

import pytest
from flask import Flask

from idp import clock
from idp.accounts.contacts import Contacts
from idp.factors import notices
from idp.factors.chip_card import decoy_key
from idp.provider import Provider
from idp.web import csrf
from tests.driver import Browser
from tests.integration.way_back import (
    EMAIL,
    PHONE,
    Post,
    Returning,
    prepare,
)

# What databases, encoders and parsers trip over; each is short enough to be read.
NONSENSE = (
    "\0",
    "\ud800".encode("utf-8", "surrogatepass"),
    b"\xff\xfe",
    "९९९०८५०००००१",
    "%00%0d%0aSet-Cookie: a=b",
    "{{7*7}}<script>",
    "1" * 1500,
    "[" * 1500,
    "{}",
    "null",
    '{"response": {"clientDataJSON": "e30"}, "rawId": 1}',
)
FIELDS = (
    "personal_number",
    "password",
    "again",
    "proof",
    "otp",
    "code",
    "number",
    "decision",
    "credential",
    "label",
    "expires_on",
    "phone",
    "understood",
)


def test_changes_again_and_again_pump_no_messages(provider: Provider) -> None:
    """A citizen, or who sits at their page, has a day's share of warnings sent."""
    post, most = Post(provider), provider.config.throttle.sms_per_phone_a_day
    contacts = Contacts(phone=PHONE, email=EMAIL, email_verified=True)
    for _ in range(most + 5):
        notices.warn(provider, contacts, "app_added", clock.now())
    assert len(post.messages()) == len(post.letters()) == most

    other = Contacts(phone="+84500000977", email=None, email_verified=False)
    notices.warn(provider, other, "codes_made", clock.now())

    assert len(post.messages("+84500000977")) == 1


def test_a_decoy_may_be_born_on_any_day(provider: Provider) -> None:
    """A key with a day that no decoy ever has would tell of an account."""
    days, wanted = set(), {"0131", "0330", "0529", "1231"}
    for number in range(20_000):
        text = f"999085{number:06}"
        key = decoy_key(provider.sealer, text, now=clock.now())
        assert key == decoy_key(provider.sealer, text, now=clock.now())
        born = key["birth_date"]
        date(1985, int(born[2:4]), int(born[4:6]))
        days.add(born[2:])
        if wanted <= days:
            break
    assert wanted <= days


FORMS = {
    "/login/{}": "login",
    "/passkey/{}": "passkey",
    "/passkey/{}/options": "passkey",
    "/chip/{}/number": "chip-number",
    "/chip/{}": "chip-start",
    "/password/{}": "password",
    "/otp/{}": "otp",
    "/otp/{}/resend": "resend",
    "/recovery/{}": "recovery",
    "/device/{}": "device",
    "/device/{}/finish": "device-finish",
}


@pytest.mark.parametrize("path", FORMS)
def test_nonsense_is_never_an_error_of_ours(
    app: Flask, provider: Provider, path: str
) -> None:
    """Posted by somebody who is half signed in, in forms that are otherwise ours."""
    citizen = prepare(provider, factors=("totp",))
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(**citizen.entry)
    assert browser.page is not None
    transaction = browser.page.request.path.rsplit("/", 1)[1]
    post_nonsense(
        provider, browser, path.format(transaction), f"{FORMS[path]}:{transaction}"
    )


@pytest.mark.parametrize("way", ["first", "totp", "pwd", "recovery", "sms"])
def test_nonsense_on_the_way_back(app: Flask, provider: Provider, way: str) -> None:
    """Before the first proof, and after it."""
    citizen = prepare(provider, factors=("totp",))
    returning = Returning.open(app, provider)
    returning.forget(citizen.person.number)
    case = returning.case
    if way != "first":
        returning.prove("first", returning.post.code())
    purpose = f"prove-{way}:{case.rpartition('/')[2]}"
    post_nonsense(provider, returning.browser, f"{case}/prove/{way}", purpose)


def post_nonsense(
    provider: Provider, browser: Browser, address: str, purpose: str
) -> None:
    cookie = browser.client.get_cookie("dd_browser")
    assert cookie is not None
    key = provider.secrets.key("csrf")
    token = csrf.token(key, browser=cookie.value, purpose=purpose)
    for typed in NONSENSE:
        data = dict.fromkeys(FIELDS, typed) | {"csrf_token": token}
        for changes in ({}, {"proof": "first"}, {"proof": "further"}):
            answered = browser.client.post(address, data=data | changes)
            assert answered.status_code in (200, 303, 400, 403, 422, 429), typed
            assert "49<script>" not in answered.text
            assert "Set-Cookie: a" not in str(answered.headers)
