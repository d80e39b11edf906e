"""Compact JWS (RFC 7515 §7.1) as we write and read our own tokens.

Written on the signatures of `cryptography` directly: a general library costs twice the
signature itself, and our own tokens have exactly three header members.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from keys.algorithms import PublicKey, Signer, is_signature
from keys.errors import InvalidTokenError

MAX_TOKEN_CHARS = 16_384
_HEADER_MEMBERS = {"alg", "kid", "typ"}
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A token's parts before any signature has been checked."""

    alg: str
    kid: str
    typ: str
    signing_input: bytes
    signature: bytes
    payload: str

    def verify(self, public_key: PublicKey) -> dict[str, Any]:
        """Return the claims if the signature holds; raises `InvalidTokenError`."""
        if not is_signature(public_key, self.signature, self.signing_input):
            raise InvalidTokenError("the signature does not match")
        return _json_object(self.payload)


def write(
    claims: Mapping[str, Any], *, alg: str, kid: str, typ: str, by: Signer
) -> str:
    """Return `claims` as a compact JWS signed `by` the key `kid`."""
    payload = _JSON.encode(claims)
    message = f"{_header(alg, kid, typ)}.{_encode(payload.encode())}"
    return f"{message}.{_encode(by.sign(message.encode()))}"


def read(unverified: str) -> UnverifiedToken:
    """Take a compact JWS apart; raises `InvalidTokenError` if it is not like ours."""
    if len(unverified) > MAX_TOKEN_CHARS:
        raise InvalidTokenError("the token is too long")
    parts = unverified.split(".")
    if len(parts) != 3 or not unverified.isascii():
        raise InvalidTokenError("not a compact JWS")
    return UnverifiedToken(
        *_read_header(parts[0]),
        signing_input=f"{parts[0]}.{parts[1]}".encode(),
        signature=_decode(parts[2]),
        payload=parts[1],
    )


@lru_cache(maxsize=64)
def _read_header(segment: str) -> tuple[str, str, str]:
    header = _json_object(segment)
    # No `crit`, `b64`, `jwk`, `jku`, `x5u`: keys and rules never come from a token.
    if header.keys() != _HEADER_MEMBERS:
        raise InvalidTokenError("unexpected header members")
    if not all(isinstance(value, str) for value in header.values()):
        raise InvalidTokenError("unexpected header values")
    return header["alg"], header["kid"], header["typ"]


@lru_cache(maxsize=64)
def _header(alg: str, kid: str, typ: str) -> str:
    return _encode(_JSON.encode({"alg": alg, "kid": kid, "typ": typ}).encode())


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(segment: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise InvalidTokenError("not base64url") from None
    # One spelling only (RFC 7515 §2): the decoder itself skips foreign characters.
    if _encode(raw) != segment:
        raise InvalidTokenError("not base64url")
    return raw


def _json_object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(_decode(segment))
    except (ValueError, RecursionError):
        raise InvalidTokenError("not JSON") from None
    if not isinstance(value, dict):
        raise InvalidTokenError("not a JSON object")
    return value
