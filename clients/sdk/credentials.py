"""Verifying a credential that a wallet shows (SD-JWT VC, RFC 9901 §7.3).

A service asks a wallet with a fresh `nonce`, gives what comes back to `verify`, and
gets the claims that the holder chose to show, once issuer, type, time, the holder's key
and the status have all been proven. Anything else raises `CredentialError`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from clients.sdk import sd_jwt, status_list
from clients.sdk.jwts import HOLDER_ALGORITHMS, verified
from clients.sdk.sd_jwt import CredentialError, SdJwt

TYPE = "dc+sd-jwt"
BINDING_TYPE = "kb+jwt"
_LEEWAY = 60  # seconds that two clocks may differ
# SD-JWT VC §2.2.2.3: what may never be disclosed selectively.
_NEVER_HIDDEN = ("iss", "nbf", "exp", "cnf", "vct", "status")
_SECRET = ("d", "p", "q", "dp", "dq", "qi", "k")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a service takes: whose credential, which type, shown to whom, just now."""

    issuer: str
    vct: str
    audience: str
    nonce: str
    max_age: int = 300


def verify(
    presentation: str,
    *,
    expected: Expected,
    keys: KeySet,
    fetch_status: Callable[[str], str],
    now: datetime,
) -> dict[str, Any]:
    """Return the claims that are shown and proven, or raise `CredentialError`.

    `keys` are the issuer's, from the `jwks_uri` of its metadata; `fetch_status` gets
    the text at an address of the issuer's, and nothing else is ever fetched.
    """
    shown = sd_jwt.split(presentation)
    signed = verified(shown.signed, keys=keys, typ=TYPE)
    _check_issuer(signed, expected, now)
    claims = sd_jwt.disclosed(signed, shown.disclosures)
    if any(claims.get(name) != signed.get(name) for name in _NEVER_HIDDEN):
        raise CredentialError("a disclosure gives what must not be hidden")
    _check_binding(shown, signed, expected, now)
    _check_status(signed, expected, keys, fetch_status, now)
    return claims


def _check_issuer(signed: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    if signed.get("iss") != expected.issuer or signed.get("vct") != expected.vct:
        raise CredentialError("of another issuer or type")
    moment = now.timestamp()
    if not _number(signed.get("exp")) > moment:
        raise CredentialError("the credential has expired")
    if "nbf" in signed and _number(signed["nbf"]) > moment + _LEEWAY:
        raise CredentialError("the credential does not hold yet")


def _check_binding(
    shown: SdJwt, signed: Mapping[str, Any], expected: Expected, now: datetime
) -> None:
    """Prove that the holder shows it, to this service, now (RFC 9901 §7.3)."""
    if shown.binding is None:
        raise CredentialError("shown without the proof of the holder's key")
    confirmed = signed.get("cnf")
    jwk = confirmed.get("jwk") if isinstance(confirmed, dict) else None
    if not isinstance(jwk, dict) or any(name in jwk for name in _SECRET):
        raise CredentialError("the credential is bound to no public key")
    try:
        key = import_key(jwk)
    except (JoseError, ValueError) as error:
        raise CredentialError("the holder's key cannot be read") from error
    claims = verified(
        shown.binding, keys=key, typ=BINDING_TYPE, algorithms=HOLDER_ALGORITHMS
    )
    age = now.timestamp() - _number(claims.get("iat"))
    told = (claims.get("aud"), claims.get("nonce"), claims.get("sd_hash"))
    if not -_LEEWAY <= age <= expected.max_age:
        raise CredentialError("the proof of the holder's key is not of now")
    if told != (expected.audience, expected.nonce, sd_jwt.digest(shown.bound)):
        raise CredentialError("the proof is for another service, question or content")


def _check_status(
    signed: Mapping[str, Any],
    expected: Expected,
    keys: KeySet,
    fetch_status: Callable[[str], str],
    now: datetime,
) -> None:
    status = signed.get("status")
    place = status.get("status_list") if isinstance(status, dict) else None
    if not isinstance(place, dict):
        raise CredentialError("the credential has no status")
    uri, index = place.get("uri"), place.get("idx")
    # Only the issuer's own lists: an address in a credential is fetched from here.
    if not isinstance(uri, str) or not uri.startswith(f"{expected.issuer}/"):
        raise CredentialError("the status is told by somebody else")
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise CredentialError("the credential has no place in its status list")
    token = fetch_status(uri)
    found = status_list.status_of(token, uri=uri, index=index, keys=keys, now=now)
    if found != status_list.VALID:
        raise CredentialError("the credential was taken back or is suspended")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CredentialError("a time is missing")
    return value
