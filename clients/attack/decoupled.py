"""Lines F12, C1 and C5 where a request waits: devices that somebody else approves."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from requests import Response

from clients.attack.browser import Browser, Form, at, forms
from clients.attack.portal import Portal, enter, portal
from clients.attack.suite import NotTriedError, attack, expect
from clients.attack.target import DEVICE, Target

_GUESSES = 40


def _kiosk(target: Target) -> Portal:
    party = portal(target, 2)
    can = DEVICE in party.registration.get("grant_types", ())
    if not can or "device_authorization_endpoint" not in target.endpoints:
        raise NotTriedError("needs a client with the grant of devices (RFC 8628)")
    return party


def _begin(party: Portal) -> dict[str, Any]:
    answered = party.post("device_authorization", scope="openid")
    codes: dict[str, Any] = answered.json()
    if answered.status_code != 200:
        raise ValueError(f"device authorization: {codes}")
    return codes


def _poll(party: Portal, device_code: str) -> Response:
    return party.post("token", grant_type=DEVICE, device_code=device_code)


def _type(browser: Browser, code: str) -> Response:
    page = browser.visit("/device")
    typed = browser.send(page, _form(page, "user_code"), user_code=code)
    if typed.status_code == 429:
        raise NotTriedError("codes were guessed from here: wait a quarter of an hour")
    return typed


def _form(page: Response, member: str) -> Form:
    """Return the page's form with this field, typed or hidden."""
    for form in forms(page):
        if any(name == member for name, _ in form.fields):
            return form
    raise LookupError(f"no form with {member} on {page.url}")


def _allow(browser: Browser, code: str) -> Response:
    """Type the code and allow what the page tells."""
    page = _type(browser, code)
    return browser.send(page, _form(page, "user_code"), decision="allow")


def _agreed(party: Portal) -> Browser:
    """Return a browser whose citizen has agreed to what the device asks."""
    browser = enter(party, scope="openid").browser
    page = _allow(browser, _begin(party)["user_code"])
    if at(page) == "consent":
        page = browser.submit(page, decision="allow")
    if urlsplit(page.url).path != "/device/done/approved":
        raise ValueError(f"the device came to {page.url}")
    return browser


@attack("F12", "CWE-1021", "CWE-352")
def device_approved_unseen(target: Target) -> None:
    """A code that a stranger sends approves nothing before its page told who asks."""
    party = _kiosk(target)
    browser = enter(party, scope="openid").browser
    codes = _begin(party)
    browser.visit(codes["verification_uri_complete"])
    posted = urlencode({"user_code": codes["user_code"], "decision": "allow"})
    browser.visit("/device/allow", data=posted)
    waiting = _poll(party, codes["device_code"])
    expect(waiting.status_code == 400, "a link or a stranger's form approved it")
    page = _type(browser, codes["user_code"])
    name = party.registration["client_name"]
    expect(name in page.text, "the page does not tell who asks")
    expect(codes["user_code"] in page.text, "the page does not show the code")


@attack("F12", "CWE-863")
def device_code_of_another(target: Target) -> None:
    """A device code is its client's: another collects nothing, and no other grant."""
    party, other = _kiosk(target), portal(target)
    browser = _agreed(party)
    codes = _begin(party)
    _allow(browser, codes["user_code"])
    stolen = _poll(other, codes["device_code"])
    expect(stolen.status_code == 400, "another client collected the tokens")
    as_code = party.redeem(codes["device_code"], party.ask())
    expect(as_code.status_code == 400, "a device code was redeemed as a code")
    typed = _poll(party, codes["user_code"].replace("-", ""))
    expect(typed.status_code == 400, "a user code was taken as a device code")
    expect(_poll(party, codes["device_code"]).status_code == 200, "it was spent")


@attack("C1", "CWE-362", "CWE-367")
def device_code_race(target: Target) -> None:
    """Of many that collect one device's approval at once exactly one gets tokens."""
    party = _kiosk(target)
    browser = _agreed(party)
    codes = _begin(party)
    _allow(browser, codes["user_code"])
    answers = target.at_once(lambda _: _poll(party, codes["device_code"]))
    won = sum(answered.status_code == 200 for answered in answers)
    expect(won == 1, f"{won} of {target.parallel} got tokens")


@attack("C1", "CWE-362")
def user_code_race(target: Target) -> None:
    """Of many approvals of one user code at once exactly one counts."""
    party = _kiosk(target)
    browser = _agreed(party)
    page = _type(browser, _begin(party)["user_code"])
    form = _form(page, "user_code")
    allowed = urlencode([*form.fields, ("decision", "allow")])
    cookies = dict(browser.cookies)
    begun = target.before_it(
        lambda _: browser.open("POST", form.action, data=allowed).headers["Location"]
    )
    answers = target.at_once(
        lambda number: Browser(target, dict(cookies)).open("GET", begun[number])
    )
    ends = [page.headers.get("Location", "").rpartition("/")[2] for page in answers]
    won = ends.count("approved")
    expect(won == 1, f"{won} of {target.parallel} were told that they approved")


@attack("F12", "CWE-940", "CWE-1021")
def approval_relayed(target: Target) -> None:
    """Whoever approves another device sees who asks, and types the number it shows."""
    party, screen = portal(target), Browser(target)
    other = enter(party, scope="openid").browser
    shown = screen.visit(party.address(party.ask(scope="openid")))
    page = screen.visit(f"/device/{urlsplit(shown.url).path.rpartition('/')[2]}")
    page = screen.submit(page)
    address = re.search(r"/approve/[\w-]+", page.text)
    number = re.search(r'class="match-number"[^>]*>(\d\d)<', page.text)
    if address is None or number is None:
        raise NotTriedError("this deployment does not write the QR code's address out")
    asked = other.visit(address[0])
    name = party.registration["client_name"]
    expect(name in asked.text, "the page does not tell who asks")
    expect(f">{number[1]}<" not in asked.text, "the page shows the number to type")
    wrong = f"{(int(number[1]) + 1) % 100:02}"
    other.submit(asked, number=wrong, decision="allow")
    other.submit(asked, number=number[1], decision="allow")
    page = screen.visit(page.url)
    expect("data-approved" not in page.text, "a wrong number approved it, or a second")


@attack("F12", "CWE-307")
def user_code_guessed(target: Target) -> None:
    """Guessing user codes stops, whatever header says that the source is another."""
    _kiosk(target)
    browser = Browser(target)
    page = browser.visit("/device")
    form = _form(page, "user_code")
    for guess in range(_GUESSES):
        fields = dict(form.fields) | {"user_code": f"{guess:09}"}
        source = {"X-Forwarded-For": f"198.51.100.{guess}"}
        page = browser.open("POST", form.action or "/device", data=urlencode(fields),
                            **source)  # fmt: skip
        if page.status_code == 429:
            return
        told = f"the guess {guess} was answered {page.status_code}"
        expect(page.status_code == 422, told)
    expect(False, f"{_GUESSES} guesses were looked up")
