"""What a card reader's agent sends: compact JWS by a key that lives for one reading.

The key proves nothing about the agent. It only holds a reading together: whoever
opened it is the only one who can go on with it.
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from idp import clock
from idp.errors import IdpError
from idp.strict_json import unique_members
from keys.algorithms import is_signature

TYPE = "chip+jwt"
CLOCK_LEEWAY = 600  # a citizen's computer; what counts once is the sequence
_COORDINATE_BYTES = 32
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")


class ReaderError(IdpError):
    """The agent's message cannot be followed; `slug` tells programs why."""

    code = "DD-CHIP-004"

    def __init__(
        self,
        slug: str,
        description: str,
        *,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
        retry_after: int = 0,
    ) -> None:
        super().__init__(description, status=status)
        self.slug = slug
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class UnverifiedMessage:
    """An agent's message before its signature was checked."""

    header: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes

    def agent_key(self) -> bytes:
        """Return the key that the first message carries, as an uncompressed point."""
        jwk = self.header.get("jwk")
        if not isinstance(jwk, dict) or set(jwk) - {"kty", "crv", "x", "y"}:
            raise _invalid("the first message carries its public key as jwk")
        if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
            raise _invalid("the key is not of P-256")
        point = b"\x04" + _coordinate(jwk, "x") + _coordinate(jwk, "y")
        _load(point)
        return point

    def verify(self, agent_key: bytes, *, audience: str, now: datetime) -> Any:
        """Return the members signed by this key for us, lately."""
        if not is_signature(_load(agent_key), self.signature, self.signing_input):
            raise ReaderError(
                "invalid_signature",
                "the message is not signed by this session's key",
                status=HTTPStatus.UNAUTHORIZED,
            )
        members = _json_object(self.payload)
        if members.get("aud") != audience:
            raise _invalid("aud is not this issuer")
        sent_at = members.get("iat")
        if isinstance(sent_at, bool) or not isinstance(sent_at, int):
            raise _invalid("iat is a number of whole seconds")
        ours = clock.timestamp(now)
        if abs(ours - sent_at) > CLOCK_LEEWAY:
            raise ReaderError("clock", f"iat is too far from our clock, now {ours}")
        return members


def read(body: bytes) -> UnverifiedMessage:
    """Take a compact JWS apart (RFC 7515 §7.1)."""
    parts = body.split(b".")
    if len(parts) != 3:
        raise _invalid("the body is one compact JWS")
    header = _json_object(_decode(parts[0]))
    if header.get("alg") != "ES256" or header.get("typ") != TYPE:
        raise _invalid(f"alg is ES256 and typ is {TYPE}")
    if set(header) - {"alg", "typ", "jwk"}:
        raise _invalid("the header has members that are not understood")
    return UnverifiedMessage(
        header=header,
        payload=_decode(parts[1]),
        signing_input=parts[0] + b"." + parts[1],
        signature=_decode(parts[2]),
    )


def hex_bytes(value: Any, *, at_most: int) -> bytes:
    """Return the bytes that a member writes in hexadecimal."""
    if not isinstance(value, str) or len(value) > 2 * at_most:
        raise _invalid(f"a value is no hexadecimal text of up to {at_most} bytes")
    try:
        # `fromhex` would skip blanks, so that one value had many spellings.
        raw = bytes.fromhex(value)
    except ValueError:
        raise _invalid("a value is not hexadecimal") from None
    if len(raw) * 2 != len(value):
        raise _invalid("a value is not hexadecimal")
    return raw


def _invalid(description: str) -> ReaderError:
    return ReaderError("invalid_message", description)


def _load(point: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise _invalid("the key is no point of P-256") from None


def _coordinate(jwk: dict[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    # JSON may name halves of characters (RFC 8259 §8.2), which no encoding has.
    text = value if isinstance(value, str) and value.isascii() else ""
    raw = _decode(text.encode()) if text else b""
    if len(raw) != _COORDINATE_BYTES:  # RFC 7518 §6.2.1.2
        raise _invalid("a coordinate of P-256 has 32 bytes")
    return raw


def _decode(segment: bytes) -> bytes:
    # The decoder would skip foreign characters, so that one value had many spellings.
    if not _BASE64URL.fullmatch(segment) or len(segment) % 4 == 1:
        raise _invalid("a part is not base64url")
    return base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw, object_pairs_hook=unique_members)
    except (ValueError, RecursionError):
        raise _invalid("a part is not JSON") from None
    if not isinstance(value, dict):
        raise _invalid("a part is no JSON object")
    return value
