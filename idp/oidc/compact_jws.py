"""A compact JWS that somebody else signed (RFC 7515 §7.1), taken apart strictly.

Client assertions and DPoP proofs are read here before their signature is checked: what
they say picks the key, and keys that a header names are trusted only where a
specification says so.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

from idp import strict_json

ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA")
# Without PKCS #1 v1.5 (FAPI 2.0 Security Profile §5.4.1).
STRONG_ALGORITHMS = ("ES256", "PS256", "EdDSA")
MAX_LENGTH = 8192

_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")
_VERIFIERS = {name: jws.JWSRegistry.algorithms[name] for name in ALGORITHMS}
_KEY_TYPES = {"ES256": "EC", "PS256": "RSA", "RS256": "RSA", "EdDSA": "OKP"}


class MalformedJwsError(ValueError):
    """The text is no compact JWS of a JSON object, or uses what we do not know."""


@dataclass(frozen=True, slots=True)
class CompactJws:
    """What a JWS says, before its signature is checked."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """Return the algorithm it names, or an empty string."""
        name = self.header.get("alg")
        return name if isinstance(name, str) else ""

    def is_signed_with(self, key: Key) -> bool:
        """Say whether `key` made the signature, by an algorithm of `ALGORITHMS`."""
        verifier = _VERIFIERS.get(self.algorithm)
        if verifier is None or key.key_type != _KEY_TYPES[self.algorithm]:
            return False
        try:
            verifier.check_key(key)
            return verifier.verify(self.signing_input, self.signature, key)
        except (JoseError, ValueError):
            return False

    def is_signed_by_one_of(self, keys: Iterable[Key]) -> bool:
        """Say whether one of these keys made it, by its `kid` if the header has one."""
        kid = self.header.get("kid")
        fitting = (
            key
            for key in keys
            if key.get("use", "sig") == "sig"
            and key.get("alg", self.algorithm) == self.algorithm
            and (kid is None or key.kid in (kid, None))
        )
        return any(self.is_signed_with(key) for key in fitting)


def parse(text: str, *, longest: int = MAX_LENGTH) -> CompactJws:
    """Take a compact JWS apart: bounded, strict base64url, no member twice."""
    if len(text) > longest or text.count(".") != 2:
        raise MalformedJwsError("not a compact JWS")
    try:
        signing_input, _, signature = text.encode("ascii").rpartition(b".")
        header, _, payload = signing_input.partition(b".")
        unverified = CompactJws(
            header=_json_object(header),
            claims=_json_object(payload),
            signing_input=signing_input,
            signature=_decode(signature),
        )
    except (ValueError, RecursionError) as error:
        raise MalformedJwsError("not a compact JWS") from error
    # We understand no extension (RFC 7515 §4.1.11).
    if "crit" in unverified.header or "b64" in unverified.header:
        raise MalformedJwsError("an extension that is not understood")
    return unverified


def _decode(segment: bytes) -> bytes:
    # The decoder would skip foreign characters, so that one value had many spellings.
    if not _BASE64URL.fullmatch(segment):
        raise ValueError("not base64url")
    return urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def _json_object(segment: bytes) -> dict[str, Any]:
    value = strict_json.loads(_decode(segment))
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one family for the caller
    return value
