"""Lines P3 and P4: a token that is bound to a key is worth nothing without it."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from joserfc.jwk import ECKey
from requests import Response

from clients.attack.portal import Portal, Visit, b64, compact, enter, portal, signed
from clients.attack.suite import NotTriedError, attack, expect
from clients.attack.target import Target

_HOUR = 3600


def _key(target: Target) -> ECKey:
    if "dpop_signing_alg_values_supported" not in target.endpoints:
        raise NotTriedError("this deployment has no DPoP")
    return ECKey.generate_key("P-256")


def _header(key: ECKey, **changes: Any) -> dict[str, Any]:
    jwk = key.as_dict(private=False)
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
    return {"typ": "dpop+jwt", "alg": "ES256", "jwk": public} | changes


def _claims(method: str, url: str, token: str = "", **changes: Any) -> dict[str, Any]:
    now = int(time.time())  # noqa: TID251 - a client has a clock of its own
    claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": url, "iat": now}
    if token:
        claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
    claims |= changes
    return {name: value for name, value in claims.items() if value is not None}


def _redeem(visit: Visit, *proofs: str) -> Response:
    """Redeem the visit's code with these proofs in the header."""
    fields = visit.portal.proof() | {
        "grant_type": "authorization_code",
        "code": visit.code,
        "redirect_uri": visit.portal.redirect_uri,
        "code_verifier": visit.asked.verifier,
    }
    return _send(visit.portal.target, "token", fields, *proofs)


def _send(
    target: Target, endpoint: str, fields: dict[str, str], *proofs: str
) -> Response:
    address = target.endpoints[f"{endpoint}_endpoint"]
    headers = {"DPoP": ", ".join(proofs)} if proofs else {}
    return target.open("POST", address, data=fields, headers=headers)


def _bound(target: Target, key: ECKey, scope: str = "openid profile") -> Visit:
    visit = enter(portal(target), scope=scope)
    url = target.endpoints["token_endpoint"]
    answered = _redeem(visit, signed(_header(key), _claims("POST", url), key))
    told = answered.json()
    if told.get("error") == "use_dpop_nonce":
        raise NotTriedError("this deployment asks for nonces: line P3 needs none")
    if told.get("token_type") != "DPoP":
        raise ValueError(f"no bound token: {told}")
    visit.tokens = told
    return visit


def _ask(party: Portal, token: str, proof: str | None, scheme: str = "DPoP") -> int:
    headers = {"Authorization": f"{scheme} {token}"}
    if proof is not None:
        headers["DPoP"] = proof
    address = party.target.endpoints["userinfo_endpoint"]
    return party.target.open("GET", address, headers=headers).status_code


@attack("P3", "CWE-294")
def proof_replayed(target: Target) -> None:
    """A DPoP proof works once, also when many come at one moment."""
    key = _key(target)
    visit = _bound(target, key)
    url, token = target.endpoints["userinfo_endpoint"], visit.tokens["access_token"]
    proof = signed(_header(key), _claims("GET", url, token), key)
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
    answers = target.at_once(lambda _: target.open("GET", url, headers=headers))
    won = sum(answered.status_code == 200 for answered in answers)
    expect(won == 1, f"{won} of {target.parallel} were taken at once")


@attack("P3", "CWE-345", "CWE-347")
def proof_for_another(target: Target) -> None:
    """A proof of another request, token, time, key or signature is refused."""
    key, other = _key(target), _key(target)
    visit = _bound(target, key)
    url, token = target.endpoints["userinfo_endpoint"], visit.tokens["access_token"]
    now = _claims("GET", url)["iat"]
    tried = {
        "a right proof": signed(_header(key), _claims("GET", url, token), key),
        "another method": signed(_header(key), _claims("POST", url, token), key),
        "another address": signed(_header(key), _claims("GET", f"{url}x", token), key),
        "another token": signed(_header(key), _claims("GET", url, "other"), key),
        "no token": signed(_header(key), _claims("GET", url), key),
        "another key": signed(_header(other), _claims("GET", url, token), other),
        "a foreign signature": signed(_header(key), _claims("GET", url, token), other),
        "another type": signed(
            _header(key, typ="JWT"), _claims("GET", url, token), key
        ),
        "a private key": signed(
            _header(key, jwk=key.as_dict(private=True)),
            _claims("GET", url, token),
            key,
        ),
        "an old proof": signed(
            _header(key), _claims("GET", url, token, iat=now - _HOUR), key
        ),
        "a proof of the future": signed(
            _header(key), _claims("GET", url, token, iat=now + _HOUR), key
        ),
        "no jti": signed(_header(key), _claims("GET", url, token, jti=None), key),
        "none": compact(_header(key, alg="none"), _claims("GET", url, token)) + ".",
        "a MAC": _mac(key, _claims("GET", url, token)),
    }
    for name, proof in tried.items():
        status = _ask(visit.portal, token, proof)
        wanted = 200 if name == "a right proof" else 401
        expect(status == wanted, f"{name} was answered {status}")


@attack("P3", "CWE-294", "CWE-522")
def bound_token_without_key(target: Target) -> None:
    """A stolen bound token opens nothing as a bearer token, nor does its refresh."""
    key = _key(target)
    visit = _bound(target, key, "openid profile offline_access")
    token = visit.tokens["access_token"]
    url = target.endpoints["userinfo_endpoint"]
    proof = signed(_header(key), _claims("GET", url, token), key)
    for scheme, shown in (("Bearer", None), ("DPoP", None), ("Bearer", proof)):
        status = _ask(visit.portal, token, shown, scheme)
        expect(status == 401, f"{scheme} was answered {status}")
    fields = visit.portal.proof() | {
        "grant_type": "refresh_token",
        "refresh_token": visit.tokens["refresh_token"],
    }
    refreshed = _send(target, "token", fields)
    expect(refreshed.status_code == 400, "it was refreshed without a key")


@attack("P4", "CWE-294")
def code_of_another_key(target: Target) -> None:
    """A code that was asked for with a key's thumbprint needs that key."""
    key, other = _key(target), _key(target)
    visit = enter(portal(target), dpop_jkt=key.thumbprint())
    url = target.endpoints["token_endpoint"]
    for proofs in ((), (signed(_header(other), _claims("POST", url), other),)):
        step = enter(visit.portal, browser=visit.browser, dpop_jkt=key.thumbprint())
        answered = _redeem(step, *proofs)
        expect(answered.status_code == 400, "the code was redeemed without its key")


def _mac(key: ECKey, claims: dict[str, Any]) -> str:
    text = compact(_header(key, alg="HS256"), claims)
    public = json.dumps(key.as_dict(private=False)).encode()
    mac = hmac.new(public, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
