"""Lines F: guessing stops, a proof works once, and nothing that is typed comes back."""

import secrets
import time
from typing import Any
from urllib.parse import urlencode

import pyotp
from requests import Response

from clients.attack.browser import Browser, at, forms, path
from clients.attack.portal import enter, portal, simple
from clients.attack.suite import NotTriedError, attack, expect
from clients.attack.target import Target

_ENOUGH = 40


def _with_app(target: Target, place: int) -> dict[str, Any]:
    people = [
        one
        for one in target.citizens
        if one["totp_secret"] and one["state"] == "active"
    ]
    if len(people) < 3:
        raise NotTriedError("needs three citizens with an authenticator app")
    return people[place]


def _to_code(target: Target, person: dict[str, Any]) -> tuple[Browser, Response]:
    party, browser = portal(target), Browser(target)
    page = browser.visit(party.address(party.ask()))
    typed = {name: person[name] for name in ("personal_number", "password")}
    return browser, browser.submit(page, **typed)


@attack("F1", "CWE-307", "CVE-2025-64102")
def code_brute_forced(target: Target) -> None:
    """Guessing a one-time code stops, whatever new sign-ins are begun meanwhile."""
    person = _with_app(target, -1)
    for guess in range(_ENOUGH):
        browser, page = _to_code(target, person)
        if at(page) != "otp":
            return  # the account itself is guarded by now
        page = browser.submit(page, otp=f"{guess:06}")
        if page.status_code == 429:
            right = pyotp.TOTP(person["totp_secret"]).now()
            other, fresh = _to_code(target, person)
            landed = other.submit(fresh, otp=right) if at(fresh) == "otp" else fresh
            expect(at(landed) == "otp", "a new sign-in began the count anew")
            return
        expect(at(page) == "otp", "a guess was right")
    expect(False, f"{_ENOUGH} guesses were checked")


@attack("F1", "CWE-307")
def password_brute_forced(target: Target) -> None:
    """Guessing a password stops, and a header does not make a stranger a new one."""
    locked = [one for one in target.citizens if one["state"] != "active"]
    if not locked:
        raise NotTriedError("needs a citizen whom no other attack signs in")
    person = locked[-1]
    party, browser = portal(target), Browser(target)
    page = browser.visit(party.address(party.ask()))
    for guess in range(_ENOUGH):
        page = browser.submit(
            page, personal_number=person["personal_number"], password=f"guess-{guess}"
        )
        if page.status_code == 429:
            return
    expect(False, f"{_ENOUGH} guesses were checked")


@attack("E2", "CWE-645")
def victim_locked_out(target: Target) -> None:
    """Whoever guesses as someone else does not shut their own device out."""
    person = target.people("pwd", account_level=2)[2]
    visit = enter(portal(target), person, scope="openid")
    browser = Browser(target)
    page = browser.visit(visit.portal.address(visit.portal.ask()))
    number = person["personal_number"]
    for guess in range(_ENOUGH):
        page = browser.submit(page, personal_number=number, password=f"guess-{guess}")
        if page.status_code == 429:
            break
    visit.browser.cookies.pop("dd_session", None)
    visit.browser.cookies.pop("__Host-dd_session", None)
    again = enter(visit.portal, person, visit.browser, scope="openid")
    told = again.page.headers.get("Location", "")
    expect("code=" in told, "the citizen's own device was shut out")


@attack("F2", "CWE-294", "CVE-2024-8122")
def code_reused(target: Target) -> None:
    """A one-time code that was used signs nobody in again."""
    person = _with_app(target, 0)
    code = pyotp.TOTP(person["totp_secret"]).now()
    browser, page = _to_code(target, person)
    first = browser.submit(page, otp=code)
    if at(first) == "otp":
        raise NotTriedError("the code of this half-minute was used before")
    again, page = _to_code(target, person)
    landed = again.submit(page, otp=code)
    expect(at(landed) == "otp", "a used code signed in")


@attack("F2", "CWE-362", "CWE-367")
def code_used_by_many(target: Target) -> None:
    """Of many sign-ins that bring one one-time code at once one goes on."""
    person = _with_app(target, 1)
    waiting = target.before_it(lambda _: _to_code(target, person))
    code = pyotp.TOTP(person["totp_secret"]).at(int(time.time()), counter_offset=1)  # noqa: TID251
    posts = [
        (browser, path(page), urlencode(dict(forms(page)[0].fields) | {"otp": code}))
        for browser, page in waiting
    ]

    def use(number: int) -> Response:
        browser, address, body = posts[number]
        return browser.open("POST", address, data=body)

    answers = target.at_once(use)
    won = sum(page.status_code == 303 for page in answers)
    expect(won == 1, f"{won} of {target.parallel} went on")


@attack("F3", "CWE-200", "CWE-549", "CVE-2026-105211")
def secret_shown_again(target: Target) -> None:
    """What is secret of what was typed stands in no answer, header or address."""
    typed = f"secret-{secrets.token_hex(8)}"
    party, browser = portal(target), Browser(target)
    page = browser.visit(party.address(party.ask()))
    number = simple(target)["personal_number"]
    page = browser.submit(page, personal_number=number, password=typed)
    everything = f"{page.text}{page.headers}{page.url}"
    expect(typed not in everything, "the password came back")
    browser, page = _to_code(target, _with_app(target, 0))
    code = "947261"
    page = browser.submit(page, otp=code)
    expect(code not in f"{page.text}{page.headers}{page.url}", "the code came back")


@attack("F4", "CWE-799")
def messages_pumped(target: Target) -> None:
    """Asking for text messages again and again sends few."""
    people = target.people("pwd", "sms")
    if not people:
        raise NotTriedError("needs a citizen with codes by text message alone")
    outbox = f"/sandbox/outbox.json?phone=%2B{people[-1]['phone'].lstrip('+')}"
    before = target.open("GET", outbox)
    if before.status_code != 200:
        raise NotTriedError("this deployment shows no sandbox outbox")
    for _ in range(12):
        _to_code(target, people[-1])
    after = target.open("GET", outbox)
    sent = len(after.json()) - len(before.json())
    expect(sent <= 6, f"{sent} messages were sent")


@attack("F8", "CWE-915", "CVE-2026-27946")
def level_claimed(target: Target) -> None:
    """Members that a form does not have change neither level, state nor person."""
    person = target.people("pwd", account_level=1)[0]
    browser = Browser(target)
    party = portal(target)
    page = browser.visit(party.address(party.ask(scope="openid")))
    page = browser.submit(
        page,
        personal_number=person["personal_number"],
        password=person["password"],
        account_level="2",
        level="2",
        verified="true",
        acr="urn:dinhdanh:acr:2.2",
        account=simple(target)["personal_number"],
    )
    if at(page) == "consent":
        browser.submit(page, decision="allow")
    told = enter(party, person, browser, scope="openid").redeem().claims
    expect(told["account_level"] == 1, "a form raised the account's level")
    expect(told["acr"].endswith("1.1"), f"acr is {told['acr']}")
