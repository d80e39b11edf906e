"""Lines J: signed things prove what their signature, type and audience say."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import ECKey
from requests import Response

from clients.attack.browser import Browser
from clients.attack.portal import (
    ASSERTION,
    Portal,
    b64,
    compact,
    enter,
    keyed,
    portal,
    signed,
)
from clients.attack.suite import attack, expect
from clients.attack.target import Target

_YEAR = 365 * 86_400


def _try(party: Portal, assertion: str) -> Response:
    """Send an assertion with a code that does not exist: `invalid_grant` proves it."""
    fields = party.proof(assertion) | {
        "grant_type": "authorization_code",
        "code": "unknown",
        "redirect_uri": party.redirect_uri,
        "code_verifier": "w" * 43,
    }
    address = party.target.endpoints["token_endpoint"]
    return party.target.open("POST", address, data=fields)


def _is_taken(answered: Response) -> bool:
    return bool(answered.json().get("error") != "invalid_client")


def _check_refused(party: Portal, name: str, assertion: str) -> None:
    answered = _try(party, assertion)
    expect(answered.status_code in (400, 401, 413), f"{name}: {answered.status_code}")
    told = answered.json().get("error")
    expect(told in ("invalid_client", "invalid_request"), f"{name} was taken: {told}")


def macs(text: str, party: Portal, keys: dict[str, Any]) -> list[str]:
    """Return the text with signatures by HMAC, keyed with what everyone can read."""
    public = party.key
    known = [
        public.as_pem(private=False),
        json.dumps(public.as_dict(private=False)).encode(),
        json.dumps(keys).encode(),
        b"",
    ]
    made = (hmac.new(key, text.encode(), hashlib.sha256).digest() for key in known)
    return [f"{text}.{b64(mac)}" for mac in made]


@attack("J1", "CWE-347", "CVE-2026-27962", "CVE-2024-37568", "CVE-2025-59420")
def assertion_forged(target: Target) -> None:
    """A client assertion counts by a registered key and an allowed algorithm alone."""
    party = keyed(target)
    expect(_is_taken(_try(party, party.assertion())), "a right assertion is refused")
    for alg in ("none", "NONE", "None", ""):
        _check_refused(party, f"alg {alg}", compact({"alg": alg}, party.claims()) + ".")
    keys = target.open("GET", target.endpoints["jwks_uri"]).json()
    for alg in ("HS256", "ES256", "RS256"):
        for forged in macs(compact({"alg": alg}, party.claims()), party, keys):
            _check_refused(party, f"a MAC as {alg}", forged)
    own = ECKey.generate_key("P-256")
    evil = "https://evil.example/key"
    for header in (
        {"jwk": own.as_dict(private=False)},
        {"jku": evil},
        {"x5u": evil},
        {"x5c": ["AAAA"]},
        {"kid": "unknown"},
        {"kid": "../../dev/null"},
        {},
    ):
        forged = signed({"alg": "ES256", **header}, party.claims(), own)
        _check_refused(party, f"a foreign key with {header}", forged)
    bare = compact({"alg": "ES256"}, party.claims())
    _check_refused(party, "no signature", f"{bare}.")
    _check_refused(party, "a signature of zeros", f"{bare}.{b64(bytes(64))}")


@attack("J1", "CWE-400", "CVE-2025-61920")
def assertion_misshapen(target: Target) -> None:
    """What is doubled, bombed, oversized or cut in an assertion is refused at once."""
    party = keyed(target)
    claims = json.dumps(party.claims())
    for name, header, payload in (
        ("crit", {"alg": "ES256", "crit": ["exp"]}, claims),
        ("b64", {"alg": "ES256", "b64": False, "crit": ["b64"]}, claims),
        ("alg twice", '{"alg":"none","alg":"ES256"}', claims),
        ("sub twice", {"alg": "ES256"}, '{"sub":"other",' + claims[1:]),
        ("deep", {"alg": "ES256"}, "[" * 6000),
        ("a big header", {"alg": "ES256", "x": "a" * 9000}, claims),
        ("not an object", {"alg": "ES256"}, "[1]"),
        ("NaN", {"alg": "ES256"}, claims[:-1] + ',"x":NaN}'),
    ):
        _check_refused(party, name, signed(header, payload, party.key))
    for name, forged in (("two parts", "e30.e30"), ("five", "a.a.a.a.a"), ("é", "é")):
        _check_refused(party, name, forged)
    big = {"client_assertion": "e" * 2_000_000, "client_assertion_type": ASSERTION}
    answered = target.open("POST", target.endpoints["token_endpoint"], data=big)
    expect(answered.status_code in (400, 413), f"2 MB: {answered.status_code}")


@attack("J1", "CWE-347")
def hint_forged(target: Target) -> None:
    """An ID token that the provider did not sign hints at nothing."""
    visit = enter(portal(target)).redeem()
    public = target.open("GET", target.endpoints["jwks_uri"]).content
    own = ECKey.generate_key("P-256")
    text = compact({"alg": "HS256", "typ": "JWT"}, visit.claims)
    mac = b64(hmac.new(public, text.encode(), hashlib.sha256).digest())
    for forged in (
        compact({"alg": "none", "typ": "JWT"}, visit.claims) + ".",
        f"{text}.{mac}",
        signed({"alg": "ES256", "jwk": own.as_dict(private=False)}, visit.claims, own),
        visit.tokens["id_token"][:-8] + "AAAAAAAA",
        visit.tokens["access_token"],
    ):
        sent = {"id_token_hint": forged, "post_logout_redirect_uri": visit.portal.bye}
        page = Browser(target).open("GET", f"/end_session?{urlencode(sent)}")
        location = page.headers.get("Location", "")
        expect(not location.startswith(visit.portal.bye), "a forged hint was believed")


@attack("J2", "CWE-294", "GHSA-3p3g-vpw6-4w66")
def assertion_replayed(target: Target) -> None:
    """A client assertion works once, also when many come at one moment."""
    party = keyed(target)
    assertion = party.assertion()
    answers = target.at_once(lambda _: _try(party, assertion))
    won = sum(map(_is_taken, answers))
    expect(won == 1, f"{won} of {target.parallel} were taken at once")
    expect(not _is_taken(_try(party, assertion)), "a later replay was taken")


@attack("J3", "CWE-345")
def assertion_for_another(target: Target) -> None:
    """An assertion for another server, time or client is refused."""
    party = keyed(target)
    now = party.claims()["iat"]
    for changes in (
        {"aud": "https://other.example"},
        {"aud": [target.issuer, "https://other.example"]},
        {"aud": None},
        {"aud": ""},
        {"exp": None},
        {"exp": now + _YEAR},
        {"exp": now - 300, "iat": now - 600},
        {"exp": "soon"},
        {"iat": now + 120},
        {"nbf": now + 120},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"iss": "other"},
        {"sub": portal(target).client_id},
        {"sub": None},
    ):
        _check_refused(party, str(changes), party.assertion(**changes))
    near = _try(party, party.assertion(iat=now + 10))
    expect(_is_taken(near), "a clock that is 10 s fast is refused")


@attack("J4", "CWE-287")
def two_proofs_at_once(target: Target) -> None:
    """A request with two methods of client authentication is refused."""
    party, other = keyed(target), portal(target)
    visit = enter(other)
    posted = party.proof() | {"client_secret": other.proof()["client_secret"]}
    pair = ":".join(other.proof().values())
    basic = base64.b64encode(pair.encode()).decode()
    for fields, headers in (
        (posted | {"client_id": other.client_id}, {}),
        (other.proof(), {"Authorization": f"Basic {basic}"}),
    ):
        sent = fields | {
            "grant_type": "authorization_code",
            "code": visit.code,
            "redirect_uri": other.redirect_uri,
            "code_verifier": visit.asked.verifier,
        }
        address = target.endpoints["token_endpoint"]
        answered = target.open("POST", address, data=sent, headers=headers)
        expect(answered.status_code in (400, 401), "two proofs got tokens")


@attack("J6", "CWE-843", "GHSA-7fpj-9hr8-28vh")
def one_token_for_another(target: Target) -> None:
    """Only an access token is an access token; nothing else of ours serves as one."""
    visit = enter(portal(target), scope="openid profile offline_access").redeem()
    party = visit.portal
    for name, token in (
        ("the ID token", visit.tokens["id_token"]),
        ("the refresh token", visit.tokens["refresh_token"]),
        ("the code", visit.code),
        ("an assertion", keyed(target).assertion()),
        ("an unsigned token", _unsigned(visit.tokens["access_token"])),
    ):
        answered = party.userinfo(token)
        expect(answered.status_code == 401, f"{name} opened userinfo")
        is_token = party.post("introspection", token=token).json()
        kind = is_token.get("token_type")
        expect(kind != "Bearer", f"{name} is introspected as an access token")
    mixed = party.refresh(visit.tokens["access_token"])
    expect(mixed.status_code == 400, "an access token was refreshed")


@attack("J7", "CWE-598")
def secret_in_the_address(target: Target) -> None:
    """A secret or proof in the address of a request is not taken."""
    visit = enter(portal(target))
    fields = {
        "grant_type": "authorization_code",
        "code": visit.code,
        "redirect_uri": visit.portal.redirect_uri,
        "code_verifier": visit.asked.verifier,
    }
    address = f"{target.endpoints['token_endpoint']}?{urlencode(visit.portal.proof())}"
    answered = target.open("POST", address, data=fields)
    expect(answered.status_code in (400, 401), "a secret in the address was taken")


def _unsigned(token: str) -> str:
    header, payload, _ = token.split(".")
    del header
    return f"{b64(json.dumps({'alg': 'none', 'typ': 'at+jwt'}).encode())}.{payload}."
