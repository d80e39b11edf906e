"""Lines X, E and M: injected text, addresses to fetch, and what strangers learn."""

import re
import socket
from contextlib import closing
from urllib.parse import urlencode

from requests import Response

from clients.attack.browser import Browser, path
from clients.attack.portal import enter, portal, simple
from clients.attack.redirects import EVIL
from clients.attack.suite import NotTriedError, attack, expect
from clients.attack.target import FORM, Target

_SCRIPT = "\"'><script>alert(1)</script>"
_WRONG = "guess-of-a-stranger"
_TEMPLATE, _COMPUTED = "{{7191*7193}}", "51724863"
_BREAK = "x\r\nSet-Cookie: dd_planted=1\r\nX-Planted: 1"


@attack("X1", "CWE-918", "CVE-2020-10770", "CVE-2021-26715", "CVE-2026-1180")
def address_fetched(target: Target) -> None:
    """An address that a stranger names is never fetched."""
    party = portal(target)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        own = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for address in (own, "http://169.254.169.254/", "file:///etc/passwd"):
            for name in ("request_uri", "jwks_uri", "logo_uri", "client_uri"):
                sent = party.ask().params | {name: address}
                page = target.open("GET", f"/authorize?{urlencode(sent)}")
                expect(page.status_code < 500, f"{name}: {page.status_code}")
                fields = {**party.ask().params, name: address}
                fields.pop("client_id")
                party.post("pushed_authorization_request", **fields)
        expect(not _was_called(listener), "the provider fetched an address of ours")


@attack("X2", "CWE-79", "CWE-94", "GO-2026-4861", "CVE-2022-4361")
def text_reflected(target: Target) -> None:
    """Text of a stranger's is inert on every page: no script, template or header."""
    party = portal(target)
    for text in (_SCRIPT, _TEMPLATE, f"\u202e{_SCRIPT}", _BREAK):
        for name in ("state", "login_hint", "ui_locales", "client_id", "redirect_uri",
                     "scope", "error_description", "client_name"):  # fmt: skip
            asked = party.ask().params | {name: text}
            for mode in ("query", "form_post"):
                sent = urlencode(asked | {"response_mode": mode})
                browser = Browser(target)
                _check_inert(browser.visit(f"/authorize?{sent}"), name)
                sent = urlencode(asked | {"response_mode": mode, "prompt": "none"})
                _check_inert(browser.open("GET", f"/authorize?{sent}"), name)
    for address in (f"/{_SCRIPT}", f"/login/{_SCRIPT}", f"/logged-out?x={_SCRIPT}"):
        _check_inert(target.open("GET", address), "the path")


@attack("X8", "CWE-644", "GHSA-2wmj-46rj-qm2w", "CVE-2026-29067")
def host_forged(target: Target) -> None:
    """A forged Host changes no issuer, link or redirect."""
    party = portal(target)
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "host=evil.example"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Original-URL": "//evil.example"},
    ):
        for address in ("/.well-known/openid-configuration", "/", "/account",
                        party.address(party.ask()), "/forgotten"):  # fmt: skip
            page = target.open("GET", address, headers=headers)
            told = f"{page.text}{page.headers.get('Location', '')}"
            expect("evil.example" not in told, f"{headers} is in {address[:12]}")


@attack("E1", "CWE-203", "CWE-204", "CVE-2026-23511")
def citizen_enumerated(target: Target) -> None:
    """A number that nobody has reads the same as a wrong password."""
    known = simple(target)["personal_number"]
    unknown = known[:-6] + "999998"
    malformed = "123"
    told = []
    for number in (known, unknown, malformed):
        party, browser = portal(target), Browser(target)
        page = browser.visit(party.address(party.ask(state="same")))
        page = browser.submit(page, personal_number=number, password=_WRONG)
        told.append((page.status_code, _neutral(page, number)))
    expect(told[0] == told[1], "an unknown number reads differently")
    expect(told[0] == told[2], "a malformed number reads differently")


@attack("E1", "CWE-204")
def client_enumerated(target: Target) -> None:
    """An unknown client reads the same as a wrong secret."""
    party = portal(target)
    told = []
    for client_id in (party.client_id, "nobody-at-all"):
        fields = {
            "grant_type": "authorization_code",
            "code": "x",
            "client_id": client_id,
            "client_secret": "w" * 43,
        }
        answered = target.open("POST", target.endpoints["token_endpoint"], data=fields)
        told.append((answered.status_code, answered.text))
    expect(told[0] == told[1], f"they read differently: {told}")


@attack("E4", "CWE-400", "CWE-674", "CWE-770")
def input_unbounded(target: Target) -> None:
    """Deep, long and big input is refused in moments and never breaks the provider."""
    party = portal(target)
    for changes in (
        {"claims": "[" * 3000},
        {"claims": '{"userinfo":' + '{"a":' * 900 + "1" + "}" * 901},
        {"claims": '{"id_token":{"acr":{"values":[' + "1," * 1000 + "1]}}}"},
        {"scope": "openid " + "x " * 1500},
        {"state": "x" * 5000},
        {"acr_values": "x " * 1500},
        {"max_age": "9" * 400},
        {"id_token_hint": "e30." * 900},
    ):
        page = target.open("GET", party.address(party.ask(**changes)))
        expect(page.status_code < 500, f"{sorted(changes)}: {page.status_code}")
    big = "a=" + "b" * 2_000_000
    for endpoint in ("token", "pushed_authorization_request", "introspection"):
        address = target.endpoints[f"{endpoint}_endpoint"]
        headers = {"Content-Type": FORM}
        page = target.open("POST", address, data=big, headers=headers)
        expect(page.status_code in (400, 413), f"{endpoint}: {page.status_code}")
    browser = Browser(target)
    page = browser.visit(party.address(party.ask()))
    page = browser.submit(page, personal_number="9" * 3000, password="p" * 20_000)
    expect(page.status_code in (400, 413, 422), f"login: {page.status_code}")


@attack("M1", "CWE-269", "CWE-425", "CVE-2026-94000")
def staff_page_opened(target: Target) -> None:
    """A citizen's session, or a token of theirs, opens no officers' page."""
    visit = enter(portal(target)).redeem()
    session = visit.browser.session() or ""
    browser = visit.browser
    for name in ("dd_staff", "__Host-dd_staff"):
        browser.cookies[name] = session
    for page in ("", "/people", "/figures", "/locks", "/review", "/hotline", "/desk"):
        address = f"/staff{page}"
        landed = browser.visit(address)
        path = landed.url.removeprefix(target.issuer).partition("?")[0]
        is_shut = path == "/staff/sign-in" or landed.status_code in (403, 404, 405)
        expect(is_shut, f"{address} opened")
        bearer = {"Authorization": f"Bearer {visit.tokens['access_token']}"}
        bare = target.open("GET", address, headers=bearer)
        expect(bare.status_code != 200, f"{address} opened to a token")


@attack("M6", "CWE-285", "CVE-2026-1486")
def locked_account(target: Target) -> None:
    """A right password opens no account that is locked."""
    locked = [one for one in target.citizens if one["lock"]]
    if not locked:
        raise NotTriedError("needs a citizen whose account is locked")
    visit = enter(portal(target), locked[0], scope="openid")
    told = visit.page.headers.get("Location", "")
    expect("code=" not in told, "a locked account got a code")


def _was_called(listener: socket.socket) -> bool:
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _check_inert(page: Response, name: str) -> None:
    expect(page.status_code < 500, f"{name}: {page.status_code}")
    expect("<script>alert" not in page.text, f"{name} became a script")
    expect(_COMPUTED not in page.text, f"{name} became a template's")
    planted = {"X-Planted"} & set(page.headers)
    cookies = str(page.raw.headers.getlist("Set-Cookie"))
    expect(not planted and "dd_planted" not in cookies, f"{name} became a header")
    location = page.headers.get("Location", "")
    expect(not location.startswith(EVIL), f"{name} led away")


def _neutral(page: Response, number: str) -> str:
    handle = path(page).rpartition("/")[2]
    text = page.text.replace(number, "NUMBER").replace(handle, "HANDLE")
    text = re.sub(r'(csrf_token" value=)"[^"]*"', r"\1", text)
    # The incident's number and time are each answer's own.
    text = re.sub(r">[0-9A-Z]{4}-[0-9A-Z]{4}<", "", text)
    return re.sub(r"\d\d:\d\d:\d\d", "", text)
