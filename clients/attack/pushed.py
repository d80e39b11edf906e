"""Lines P: pushed requests are their client's, short-lived, and used once."""

from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import ECKey

from clients.attack.assertions import macs
from clients.attack.browser import Browser, at
from clients.attack.portal import Portal, compact, enter, keyed, portal, signed
from clients.attack.redirects import EVIL
from clients.attack.suite import NotTriedError, attack, expect
from clients.attack.target import Target


@attack("P1", "CWE-294")
def pushed_request_reused(target: Target) -> None:
    """A pushed request answers once, and to nobody who guesses or borrows it."""
    visit = enter(portal(target))
    party, browser = visit.portal, visit.browser
    urn = party.push(party.ask())
    own = {"client_id": party.client_id, "request_uri": urn}
    used = browser.visit(f"/authorize?{urlencode(own)}")
    expect("code=" in used.headers.get("Location", ""), "a first use got no code")
    for name, sent in (
        ("a second use", own),
        ("a guess", own | {"request_uri": urn[:-4] + "AAAA"}),
        ("no client", {"request_uri": party.push(party.ask())}),
        (
            "another client",
            {
                "client_id": portal(target, 2).client_id,
                "request_uri": party.push(party.ask()),
            },
        ),
    ):
        page = browser.visit(f"/authorize?{urlencode(sent)}")
        expect("code=" not in page.headers.get("Location", ""), f"{name} got a code")
        expect(page.status_code in (400, 303), f"{name}: {page.status_code}")


@attack("P1", "CWE-235")
def parameters_beside_a_pushed_request(target: Target) -> None:
    """What stands beside a request_uri changes nothing of what was pushed."""
    visit = enter(portal(target))
    party = visit.portal
    asked = party.ask(scope="openid", state="pushed")
    sent = {"client_id": party.client_id, "request_uri": party.push(asked)}
    beside = {"scope": "openid residence", "state": "beside", "redirect_uri": EVIL}
    page = visit.browser.visit(f"/authorize?{urlencode(sent | beside)}")
    location = page.headers.get("Location", "")
    expect(location.startswith(party.redirect_uri), f"it led to {location}")
    expect("state=pushed" in location, "the state beside it was taken")


@attack("P1", "CWE-362")
def pushed_request_race(target: Target) -> None:
    """Of many uses of one pushed request at once one gets a code."""
    visit = enter(portal(target))
    party = visit.portal
    urn = party.push(party.ask())
    sent = urlencode({"client_id": party.client_id, "request_uri": urn})
    cookies = dict(visit.browser.cookies)
    answers = target.at_once(
        lambda _: Browser(target, dict(cookies)).open("GET", f"/authorize?{sent}")
    )
    won = sum("code=" in page.headers.get("Location", "") for page in answers)
    expect(won == 1, f"{won} of {target.parallel} got a code")


@attack("J1", "CWE-347", "CVE-2026-27962")
def request_object_forged(target: Target) -> None:
    """A request object counts by the client's own signature, for us, and for now."""
    if not target.endpoints.get("request_parameter_supported"):
        raise NotTriedError("this deployment takes no request objects")
    party = keyed(target)
    right = _object(party)
    expect(_push(party, _signed(party, right)) == 201, "a right object is refused")
    now, own = right["nbf"], ECKey.generate_key("P-256")
    keys = target.open("GET", target.endpoints["jwks_uri"]).json()
    jwk = own.as_dict(private=False)
    forged = {
        "alg none": compact({"alg": "none"}, right) + ".",
        "a foreign key": signed({"alg": "ES256"}, right, own),
        "a key in the header": signed({"alg": "ES256", "jwk": jwk}, right, own),
        "an assertion": party.assertion(),
        "for another": _signed(party, right | {"aud": "https://other.example"}),
        "of another": _signed(party, right | {"iss": "other"}),
        "another client": _signed(party, right | {"client_id": "other"}),
        "a year": _signed(party, right | {"exp": now + 31_536_000}),
        "the past": _signed(party, right | {"nbf": now - 7200, "exp": now - 3600}),
        "the future": _signed(party, right | {"nbf": now + 600, "exp": now + 900}),
        "an object in it": _signed(party, right | {"request": "e30.e30."}),
    }
    mac = macs(compact({"alg": "HS256"}, right), party, keys)
    for name, text in [*forged.items(), *(("a MAC", text) for text in mac)]:
        status = _push(party, text)
        expect(status in (400, 401), f"{name} was answered {status}")


def _object(party: Portal) -> dict[str, Any]:
    """Return the claims of a right request object (RFC 9101 §4)."""
    now = party.claims()["iat"]
    meant = {"iss": party.client_id, "aud": party.target.issuer}
    return {**party.ask().params, **meant, "nbf": now, "exp": now + 300}


def _signed(party: Portal, claims: dict[str, Any]) -> str:
    return signed({"alg": "ES256", "typ": "oauth-authz-req+jwt"}, claims, party.key)


def _push(party: Portal, text: str) -> int:
    answered = party.post("pushed_authorization_request", request=text)
    return answered.status_code


@attack("P2", "CWE-757")
def request_not_pushed(target: Target) -> None:
    """A client that must push its requests is not served by a plain one."""
    party = portal(target, 1)
    page = Browser(target).visit(f"/authorize?{urlencode(party.ask().params)}")
    expect(at(page) == "portal", "a plain request went on to the sign-in")
    expect("error=" in page.headers["Location"], "a plain request was answered")
