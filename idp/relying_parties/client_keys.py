"""The public keys of a relying party: what may be registered, and parsing them once."""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

MAX_KEYS = 10
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES = frozenset({"P-256", "P-384", "P-521"})
_RSA_BITS = range(2048, 8193)
_LEAST_EXPONENT = 65537
_ENCRYPTING = {"ECDH-ES": "EC", "RSA-OAEP-256": "RSA"}


def flaw_in_jwks(jwks: object) -> str | None:
    """Say why `jwks` may not be registered (RFC 7517, RFC 7518 §6), or None."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        return f"jwks must hold 1 to {MAX_KEYS} keys"
    for number, key in enumerate(keys, start=1):
        flaw = _flaw_in_key(key)
        if flaw:
            return f"jwks: key {number} {flaw}"
    kids = [key["kid"] for key in keys if "kid" in key]
    if len(set(kids)) != len(kids):
        return "jwks: a kid is given twice"
    return None


def _flaw_in_key(key: object) -> str | None:
    if not isinstance(key, dict):
        return "is not an object"
    if _PRIVATE_MEMBERS & key.keys():
        return "holds private or symmetric key material"
    kid = key.get("kid", "-")
    if not isinstance(kid, str) or not 0 < len(kid) <= 255:
        return "has a kid that is not a string of 1 to 255 characters"
    if key.get("use", "sig") not in ("sig", "enc"):
        return "has a use other than sig and enc"
    return _flaw_in_numbers(key)


def _flaw_in_numbers(key: Mapping[str, Any]) -> str | None:
    try:
        if key.get("kty") == "RSA":
            if _number(key["n"]).bit_length() not in _RSA_BITS:
                return "is RSA of less than 2048 bits, or of more than 8192"
            if _number(key["e"]) < _LEAST_EXPONENT:
                return "is RSA with a small exponent"
        parse_key(key)
    except (JoseError, ValueError, TypeError, AttributeError, KeyError):
        return "cannot be read"
    return None


def _number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(f"{text}=="))


def readable_keys(jwks: object) -> tuple[Key, ...]:
    """Return the keys of a fetched set that can serve; others are passed over.

    RFC 7517 §5: a set may hold keys for others. One that tells its private part is
    nobody's any more.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        return ()
    usable = [key for key in keys[:MAX_KEYS] if _flaw_in_key(key) is None]
    return tuple(parse_key(key) for key in usable)


def parse_key(key: Mapping[str, Any]) -> Key:
    """Parse one public JWK; raises JoseError or ValueError."""
    kind, curve, public = key.get("kty"), key.get("crv"), dict(key)
    if kind == "RSA":
        return RSAKey.import_key(public)
    if kind == "EC" and curve in _CURVES:
        return ECKey.import_key(public)
    if kind == "OKP" and curve == "Ed25519":
        return OKPKey.import_key(public)
    raise ValueError("neither RSA, EC on a NIST curve, nor Ed25519")


def may_encrypt(key: Mapping[str, Any] | Key, alg: str) -> bool:
    """Say whether a registered JWK may be encrypted to with `alg` (RFC 7517 §4.2)."""
    purpose = (key.get("kty"), key.get("use", "enc"), key.get("alg", alg))
    return purpose == (_ENCRYPTING[alg], "enc", alg)


def parse_keys(
    jwks: Mapping[str, Any] | None,
    retiring: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
) -> KeySet | None:
    """Return the registered keys, then the replaced ones that still overlap."""
    jwks = jwks or {"keys": []}
    overlapping = [item["jwk"] for item in retiring if item["until"] > now.timestamp()]
    return key_set([parse_key(key) for key in (*jwks["keys"], *overlapping)])


def key_set(keys: Iterable[Key]) -> KeySet | None:
    """Return these keys as a set, or None if there are none."""
    # KeySet(keys) would give a kid to keys that were registered without one, and a
    # client that names its own kid would then not find them.
    found = KeySet([])
    found.keys.extend(keys)
    return found if found.keys else None


def retire_keys(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    still_retiring: Iterable[Mapping[str, Any]],
    *,
    now: datetime,
    until: datetime,
) -> list[dict[str, Any]]:
    """Return the keys that are no longer registered but stay valid for a while.

    Where none is to stay, those that were replaced earlier end as well: one leaked.
    """
    if until <= now:
        return []
    current = (after or {}).get("keys", [])
    retiring = [
        dict(item)
        for item in still_retiring
        if item["until"] > now.timestamp() and item["jwk"] not in current
    ]
    known = [item["jwk"] for item in retiring]
    retiring.extend(
        {"jwk": key, "until": until.timestamp()}
        for key in (before or {}).get("keys", [])
        if key not in current and key not in known
    )
    return retiring[:MAX_KEYS]
