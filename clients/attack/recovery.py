"""Lines F2, F5, F7, F9 and F11: ways around the sign-in's own proofs."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from requests import Response

from clients.attack.browser import Browser, at, forms, path
from clients.attack.messages import messages, newest_code
from clients.attack.portal import after, enter, portal, simple
from clients.attack.suite import NotTriedError, attack, expect
from clients.attack.target import Target

_ENOUGH = 40
_WRONG = "guess-of-a-stranger"
_RECOVERY_CODE = re.compile(r'<span class="code">([^<]+)</span>')


@attack("F5", "CWE-307", "CVE-2026-9798", "CVE-2026-16103")
def throttle_stepped_around(target: Target) -> None:
    """Who is shut out at one door is shut out at every other, and of each client."""
    asleep = [one for one in target.citizens if one["state"] == "submitted"]
    if not asleep:
        raise NotTriedError("needs a citizen whom no other attack signs in")
    number = asleep[0]["personal_number"]
    for _ in range(_ENOUGH):
        if _try(target, _door(target, 0), number).status_code == 429:
            break
    else:
        expect(False, f"{_ENOUGH} guesses were checked, each in a sign-in of its own")
    for door in (_door(target, 2), _door(target, 3), "/account"):
        page = _try(target, door, number)
        told = f"at {door.partition('?')[0]} it was answered {page.status_code}"
        expect(page.status_code == 429, told)
    token = {"grant_type": "password", "username": number, "password": _WRONG}
    answered = portal(target).post("token", **token)
    expect(answered.status_code in (400, 401), "the password grant was taken")


def _door(target: Target, number: int) -> str:
    party = portal(target, number)
    return party.address(party.ask(scope="openid"))


def _try(target: Target, door: str, number: str) -> Response:
    browser = Browser(target)
    page = browser.visit(door)
    return browser.submit(page, personal_number=number, password=_WRONG)


@attack("F7", "CWE-306", "CWE-308")
def factor_added_with_an_old_proof(target: Target) -> None:
    """A session that was left open adds no way to sign in: a fresh proof does."""
    browser = enter(portal(target), simple(target), scope="openid").browser
    pages = {
        address: browser.visit(address)
        for address in ("/account/ways/codes", "/account/ways/totp")
    }
    with after(target, "fresh_factor"):
        for address, page in pages.items():
            form = next(one for one in forms(page) if _stays(one.action, address))
            done = browser.send(page, form)
            expect(at(done) == "login", f"{address} was answered at {at(done)}")


def _stays(action: str, address: str) -> bool:
    return not action or urlsplit(action).path == address


@attack("F9", "CWE-640", "CVE-2026-18963")
def reset_link_misused(target: Target) -> None:
    """A reset link is ours by its address, looks at nothing, and is used once."""
    person = _with_mail(target)
    browser, forged = Browser(target), {"X-Forwarded-Host": "evil.example"}
    page = browser.open("GET", "/forgotten", **forged)
    form = dict(forms(page)[0].fields)
    before = len(messages(target, email=person["email"]))
    sent = urlencode(form | {"personal_number": person["personal_number"]})
    browser.open("POST", "/forgotten", data=sent, **forged)
    letters = messages(target, email=person["email"])
    if len(letters) == before:
        raise NotTriedError("no letter came: one was sent a moment ago, perhaps")
    found = re.search(rf"{re.escape(target.issuer)}(/\S+)", letters[0])
    expect("evil.example" not in letters[0], "the letter names a forged host")
    if found is None:
        raise ValueError("the letter has no link")
    link = found.group(1)
    for scanner in (Browser(target), Browser(target)):
        looked = scanner.visit(link)
        stolen = scanner.submit(looked)
        told = f"another browser used the link: {stolen.status_code}"
        expect(stolen.status_code >= 400, told)
    looked = browser.visit(link)
    expect(browser.submit(looked).status_code < 400, "the owner's use was refused")
    again = browser.submit(looked)
    expect(again.status_code >= 400, "the link was used twice")


def _with_mail(target: Target) -> dict[str, Any]:
    for person in target.citizens:
        if person["state"] == "active" and person.get("email"):
            return person
    raise NotTriedError("needs a citizen with an address of e-mail")


@attack("F2", "CWE-362", "CWE-367")
def recovery_code_race(target: Target) -> None:
    """Of many sign-ins that bring one recovery code at once one goes on."""
    person = _by_message(target)
    owner = Browser(target)
    page = _after_password(target, owner, person)
    owner.submit(page, otp=newest_code(target, phone=person["phone"]))
    page = owner.visit("/account/ways/codes")
    form = next(one for one in forms(page) if _stays(one.action, "/account/ways/codes"))
    codes = _RECOVERY_CODE.findall(owner.send(page, form).text)
    if not codes:
        raise ValueError("no recovery codes were made")
    posts = target.before_it(lambda _: _to_recovery(target, person, codes[0]))

    def use(number: int) -> Response:
        browser, address, body = posts[number]
        return browser.open("POST", address, data=body)

    answers = target.at_once(use)
    won = sum(page.status_code == 303 for page in answers)
    expect(won == 1, f"{won} of {target.parallel} went on")


def _by_message(target: Target) -> dict[str, Any]:
    people = target.people("pwd", "sms")
    if not people:
        raise NotTriedError("needs a citizen with codes by text message alone")
    return people[0]


def _after_password(
    target: Target, browser: Browser, person: dict[str, Any]
) -> Response:
    typed = {name: person[name] for name in ("personal_number", "password")}
    page = browser.submit(browser.visit(_door(target, 0)), **typed)
    if at(page) != "otp":
        raise ValueError(f"after the password came {at(page)}")
    return page


def _to_recovery(
    target: Target, person: dict[str, Any], code: str
) -> tuple[Browser, str, str]:
    browser = Browser(target)
    page = _after_password(target, browser, person)
    page = browser.visit(f"/recovery/{path(page).rpartition('/')[2]}")
    fields = dict(forms(page)[0].fields) | {"code": code}
    return browser, path(page), urlencode(fields)


@attack("F11", "CWE-362", "CWE-294")
def activation_race(target: Target) -> None:
    """Of many that finish one activation at once one counts, and its code is spent."""
    granted = [one for one in target.citizens if one["state"] == "granted"]
    if not granted or not granted[0]["phone"]:
        raise NotTriedError("needs a citizen whose account waits for its activation")
    person, browser = granted[0], Browser(target)
    page = browser.visit("/activate")
    number, phone = person["personal_number"], person["phone"]
    page = browser.submit(page, personal_number=number, phone=phone)
    before = len(messages(target, phone=phone))
    if not before:
        raise NotTriedError("no code came: the account is active by now, perhaps")
    page = browser.submit(page, otp=newest_code(target, phone=phone))
    chosen = "thuyen giay troi qua cau go"
    page = browser.submit(page, password=chosen, again=chosen)
    form = next(
        one for one in forms(page) if any(name == "passcode" for name, _ in one.fields)
    )
    body = urlencode(dict(form.fields) | {"passcode": "493817", "again": "493817"})
    cookies, address = dict(browser.cookies), form.action or path(page)
    target.at_once(
        lambda _: Browser(target, dict(cookies)).open("POST", address, data=body)
    )
    told = len(messages(target, phone=phone)) - before
    expect(told == 1, f"the holder was told of {told} activations")
