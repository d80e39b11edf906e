"""`private_key_jwt`: a client proves itself by a signed, single-use JWT (RFC 7523).

Claims are read strictly before and after the signature; the reason of a refusal is
told only to whoever signed with a registered key.
"""

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from joserfc import jwk, jws
from joserfc.errors import JoseError

from idp import clock
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES256", "PS256", "RS256", "EdDSA")
LEEWAY = 60
# Some stock libraries always write `exp` one hour ahead; such an assertion is taken,
# but it dies `lifetimes.client_assertion` after its `iat`.
MAX_AHEAD = 3600
MAX_LENGTH = 8192
MAX_JTI = 255

_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")
_VERIFIERS = {name: jws.JWSRegistry.algorithms[name] for name in ALGORITHMS}
_KEY_TYPES = {"ES256": "EC", "PS256": "RSA", "RS256": "RSA", "EdDSA": "OKP"}
_DECOY = jwk.ECKey.generate_key("P-256", private=False)


class AssertionRefusedError(Exception):
    """The assertion proves nothing; the text may be told, empty means `failed`."""


@dataclass(frozen=True, slots=True)
class UnverifiedAssertion:
    """A client assertion before its signature was checked."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """Return the algorithm it names, or an empty string."""
        name = self.header.get("alg")
        return name if isinstance(name, str) else ""


def verify(provider: Provider, assertion: str, *, now: datetime) -> str:
    """Return the client id that `assertion` proves, or raise AssertionRefusedError."""
    unverified = parse(assertion)
    client_id = unverified.claims.get("sub")
    if not isinstance(client_id, str):
        raise AssertionRefusedError
    party = provider.relying_parties.find(client_id)
    if party is None or not is_signed_by(party, unverified):
        if party is None:
            _spend_a_verification(unverified)
        raise AssertionRefusedError
    issuer = provider.config.issuer
    dead_at = check_claims(
        unverified.claims,
        client_id=client_id,
        audiences=(issuer, f"{issuer}/token", f"{issuer}/par"),
        max_age=provider.config.lifetimes.client_assertion,
        now=now,
    )
    # JSON escapes can name a lone surrogate, which is as good a jti as any other.
    identity = f"{client_id}\n{unverified.claims['jti']}".encode(errors="surrogatepass")
    key = f"jti:{sha256(identity).hexdigest()}"
    if not provider.ephemeral.claim(key, ttl=dead_at - now.timestamp()):
        raise AssertionRefusedError("jti was used before")
    return client_id


def parse(assertion: str) -> UnverifiedAssertion:
    """Take a compact JWS apart: bounded, strict base64url, no member twice."""
    if len(assertion) > MAX_LENGTH or assertion.count(".") != 2:
        raise AssertionRefusedError
    try:
        signing_input, _, signature = assertion.encode("ascii").rpartition(b".")
        header, _, payload = signing_input.partition(b".")
        unverified = UnverifiedAssertion(
            header=_json_object(header),
            claims=_json_object(payload),
            signing_input=signing_input,
            signature=_decode(signature),
        )
    except (ValueError, RecursionError) as error:
        raise AssertionRefusedError from error
    # We understand no extension; keys that a header names are never trusted.
    if "crit" in unverified.header or "b64" in unverified.header:
        raise AssertionRefusedError
    return unverified


def is_signed_by(party: RelyingParty, unverified: UnverifiedAssertion) -> bool:
    """Say whether one of the party's registered keys made the signature."""
    algorithm = unverified.algorithm
    registered = party.token_endpoint_auth_signing_alg
    if algorithm not in ALGORITHMS or (registered and registered != algorithm):
        return False
    kid = unverified.header.get("kid")
    keys = [
        key
        for key in (party.jwks.keys if party.jwks else ())
        if key.key_type == _KEY_TYPES[algorithm]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    ]
    if kid is not None:
        keys = [key for key in keys if key.kid in (kid, None)]
    return any(_is_valid(unverified, key) for key in keys)


def check_claims(
    claims: dict[str, Any],
    *,
    client_id: str,
    audiences: tuple[str, ...],
    max_age: int,
    now: datetime,
) -> float:
    """Check every claim (RFC 7523 §3); return when the assertion is dead for good."""
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise AssertionRefusedError("iss and sub must be the client_id")
    # A list would let one assertion serve at several servers.
    if claims.get("aud") not in audiences or not isinstance(claims["aud"], str):
        raise AssertionRefusedError("aud must be one string: the issuer or endpoint")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= MAX_JTI:
        raise AssertionRefusedError("jti must be a string of 1 to 255 characters")
    present = clock.timestamp(now)
    for name in ("iat", "nbf"):
        if name in claims and _number(claims, name) > present + LEEWAY:
            raise AssertionRefusedError(f"{name} is in the future")
    expires = _number(claims, "exp")
    issued = _number(claims, "iat") if "iat" in claims else present
    if expires > present + MAX_AHEAD + LEEWAY:
        raise AssertionRefusedError("exp is too far ahead")
    if "iat" not in claims and expires > present + max_age + LEEWAY:
        raise AssertionRefusedError("exp is too far ahead for want of iat")
    dead_at = min(expires, issued + max_age) + LEEWAY
    if dead_at <= present:
        raise AssertionRefusedError("the assertion is too old")
    return dead_at


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AssertionRefusedError(f"{name} must be a number")
    return value


def _is_valid(unverified: UnverifiedAssertion, key: jwk.Key) -> bool:
    try:
        verifier = _VERIFIERS[unverified.algorithm]
        verifier.check_key(key)
        return verifier.verify(unverified.signing_input, unverified.signature, key)
    except (JoseError, ValueError):
        return False


def _spend_a_verification(unverified: UnverifiedAssertion) -> None:
    """Take the time that a known client's signature would take."""
    _VERIFIERS["ES256"].verify(unverified.signing_input, bytes(64), _DECOY)


def _decode(segment: bytes) -> bytes:
    # The decoder would skip foreign characters, so that one value had many spellings.
    if not _BASE64URL.fullmatch(segment):
        raise ValueError("not base64url")
    return urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def _json_object(segment: bytes) -> dict[str, Any]:
    value = json.loads(
        _decode(segment), object_pairs_hook=_unique, parse_constant=_refuse_constant
    )
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one family for the caller
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _refuse_constant(name: str) -> float:
    raise ValueError(name)
