"""Lines R: what comes back to a portal goes to the registered address alone."""

import json
import re
import secrets
from urllib.parse import urlencode, urlsplit

from joserfc import jwe
from joserfc.jwk import ECKey
from requests import Response

from clients.attack.browser import Browser, at
from clients.attack.portal import Portal, Visit, compact, enter, portal
from clients.attack.suite import attack, expect
from clients.attack.target import FORM, Target

EVIL = "https://evil.example/"
_NEAR = (
    "{}/", "{}/../back", "{}%2f..", "{}%252f..", "{}\\", "{}#x", "{}?code=x", "{}.",
    "{} ", "{origin}:443/back", "{origin}@evil.example/back",
    "{origin}:80@evil.example/back", "{origin}./back", "{origin}.evil.example/back",
    "{origin}/Back", "{upper}/back", "//{host}/back", "http://{host}/back",
    "https:{host}/back", "https://xn--{host}/back", "https://evil.example/{}",
    "javascript:alert(1)//{}", "data:text/html,x", "\\\\evil.example", EVIL,
)  # fmt: skip


def _near(uri: str) -> list[str]:
    parts = urlsplit(uri)
    origin = f"{parts.scheme}://{parts.netloc}"
    upper = f"{parts.scheme}://{parts.netloc.upper()}"
    names = {"origin": origin, "host": parts.netloc, "upper": upper}
    return [changed.format(uri, **names) for changed in _NEAR]


def _stays(target: Target, page: Response) -> bool:
    """Say whether the answer leads nowhere but to the provider itself."""
    location = page.headers.get("Location")
    is_home = not location or _leads_home(target, location)
    return is_home and 'action="https://evil' not in page.text


@attack("R1", "CWE-601", "CVE-2023-6291", "CVE-2024-8883", "CVE-2024-52289")
def redirect_uri_near_miss(target: Target) -> None:
    """No near miss of a registered redirect URI gets an answer."""
    party = portal(target)
    for uri in _near(party.redirect_uri):
        for changes in ({"prompt": "none"}, {"response_mode": "form_post"}):
            asked = party.ask(redirect_uri=uri, **changes)
            page = target.open("GET", f"/authorize?{urlencode(asked.params)}")
            expect(page.status_code == 400, f"{uri!r} was answered {page.status_code}")
            expect(not page.headers.get("Location"), f"{uri!r} was redirected to")


@attack("R2", "CWE-601", "CVE-2026-41479", "CVE-2026-54072")
def hostile_redirect_in_a_broken_request(target: Target) -> None:
    """What is wrong in a request is not told to an unregistered address."""
    party = portal(target)
    for changes in (
        {"response_type": None},
        {"response_type": "token evil"},
        {"scope": None},
        {"scope": "nothing"},
        {"client_id": None},
        {"client_id": "nobody"},
        {"response_mode": "evil"},
        {"code_challenge": None},
    ):
        asked = party.ask(redirect_uri=EVIL, **changes)
        page = target.open("GET", f"/authorize?{urlencode(asked.params)}")
        expect(_stays(target, page), f"with {changes} it led to {EVIL}")


@attack("R3", "CWE-347", "CWE-601")
def unsigned_request_object(target: Target) -> None:
    """A request object that nobody signed never decides where the answer goes."""
    party = portal(target)
    forged = compact({"alg": "none"}, party.ask(redirect_uri=EVIL).params) + "."
    for changes in ({}, {"redirect_uri": EVIL}, {"redirect_uri": None}):
        asked = party.ask(**changes).params | {"request": forged}
        page = target.open("GET", f"/authorize?{urlencode(asked)}")
        location = page.headers.get("Location", "")
        is_error = location.startswith(party.redirect_uri) and "error=" in location
        expect(is_error or _stays(target, page), f"it led to {location}")


@attack("J5", "CWE-347", "CVE-2026-9793")
def encrypted_request_object(target: Target) -> None:
    """A request object that is encrypted to us and signed by nobody is no request."""
    visit = enter(portal(target), scope="openid")
    keys = target.open("GET", target.endpoints["jwks_uri"]).json()["keys"]
    key = next(one for one in keys if one["kty"] == "EC")
    public = ECKey.import_key({name: key[name] for name in ("kty", "crv", "x", "y")})
    inner = visit.portal.ask(scope="openid", state="inner")
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key["kid"]}
    forged = jwe.encrypt_compact(header, json.dumps(inner.params), public)
    for changes in ({}, {"redirect_uri": EVIL}):
        asked = visit.portal.ask(scope="openid", **changes).params | {"request": forged}
        page = visit.browser.visit(f"/authorize?{urlencode(asked)}")
        location = page.headers.get("Location", "")
        expect("code=" not in location, "the request was answered with a code")
        is_error = location.startswith(visit.portal.redirect_uri)
        expect(is_error or _stays(target, page), f"it led to {location}")


@attack("R4", "CWE-352", "CWE-601")
def cancel_from_another_site(target: Target) -> None:
    """A stranger's form cancels nothing and leads to no address of theirs."""
    party, browser = portal(target), Browser(target)
    page = browser.visit(party.address(party.ask()))
    transaction = urlsplit(page.url).path.rsplit("/", 1)[-1]
    posted = {"transaction": transaction, "redirect_uri": EVIL, "next": EVIL}
    answered = Browser(target).open(
        "POST", "/authorize/cancel", data=urlencode(posted), Origin=EVIL[:-1]
    )
    expect(_stays(target, answered), f"it led to {answered.headers.get('Location')}")
    resumed = browser.visit(f"/authorize/resume?transaction={transaction}")
    expect(at(resumed) == "login", "the citizen's sign-in was given up")


@attack("R5", "CWE-601")
def logout_redirect_near_miss(target: Target) -> None:
    """A sign-out returns to registered addresses of the hint's client alone."""
    visit = enter(portal(target)).redeem()
    hint = visit.tokens["id_token"]
    for uri in (*_near(visit.portal.bye), visit.portal.redirect_uri):
        query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": uri})
        page = Browser(target).open("GET", f"/end_session?{query}")
        expect(_stays(target, page), f"{uri!r} was redirected to")
    query = urlencode({"post_logout_redirect_uri": visit.portal.bye})
    page = Browser(target).open("GET", f"/end_session?{query}")
    expect(_stays(target, page), "it led away without a hint")


@attack("R6", "CWE-235", "CVE-2026-9689")
def parameter_given_twice(target: Target) -> None:
    """A parameter that comes twice, in query or body, is refused."""
    party = portal(target)
    asked = party.ask().params
    for name in ("client_id", "redirect_uri", "state", "scope", "code_challenge"):
        twice = f"{urlencode(asked)}&{urlencode({name: asked[name]})}"
        page = target.open("GET", f"/authorize?{twice}")
        expect(page.status_code == 400, f"{name} twice: {page.status_code}")
    page = Browser(target).open(
        "POST", f"/authorize?{urlencode(asked)}", data=urlencode({"state": "other"})
    )
    expect(page.status_code == 400, f"state in query and body: {page.status_code}")
    for name in ("grant_type", "code", "client_id", "client_secret"):
        fields = party.proof() | {"grant_type": "authorization_code", "code": "x"}
        body = f"{urlencode(fields)}&{urlencode({name: fields[name]})}"
        headers = {"Content-Type": FORM}
        page = target.open("POST", _token(target), data=body, headers=headers)
        told = page.json().get("error")
        expect(told == "invalid_request", f"{name} twice at token: {told}")


@attack("R7", "CWE-346")
def issuer_in_every_answer(target: Target) -> None:
    """Success and error both name their issuer, once, so that none is mixed up."""
    party = portal(target)
    for visit in (enter(party), _silent(party)):
        location = visit.page.headers["Location"]
        names = re.findall(r"[?&#]([a-z_]+)=", location)
        expect(len(names) == len(set(names)), f"a parameter comes twice: {names}")
        told = visit.answer.get("iss")
        expect(told == target.issuer, f"iss is {told}")
        expect(visit.answer["state"] == visit.asked.params["state"], "another state")


@attack("R8", "CWE-601")
def next_page_elsewhere(target: Target) -> None:
    """No `next` or return address leads from a page of the provider elsewhere."""
    for elsewhere in ("//evil.example", "/\\evil.example", "https:evil.example", EVIL):
        for name in ("next", "return_to", "return_path", "redirect", "url"):
            for page in ("/", "/account", "/logged-out", "/staff/sign-in"):
                query = urlencode({name: elsewhere, "lang": "en"})
                answered = target.open("GET", f"{page}?{query}")
                where = answered.headers.get("Location")
                told = f"{page}?{name}= led to {where}"
                expect(not where or _leads_home(target, where), told)


def _leads_home(target: Target, location: str) -> bool:
    is_path = location.startswith("/") and location[1:2] not in ("/", "\\")
    return is_path or location.startswith(f"{target.issuer}/")


def _silent(party: Portal) -> Visit:
    return enter(party, prompt="none", state=secrets.token_urlsafe(8))


def _token(target: Target) -> str:
    return str(target.endpoints["token_endpoint"])
