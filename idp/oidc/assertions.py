"""`private_key_jwt`: a client proves itself by a signed, single-use JWT (RFC 7523).

Claims are read strictly before and after the signature; the reason of a refusal is
told only to whoever signed with a registered key.
"""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from joserfc import jwk

from idp import clock
from idp.oidc import compact_jws
from idp.oidc.compact_jws import CompactJws, MalformedJwsError
from idp.provider import Provider
from idp.relying_parties import fapi2
from idp.relying_parties.record import RelyingParty

# Each is named by its own specification as one that may be in `aud` (CIBA §7.1).
_ENDPOINTS = ("token", "par", "backchannel_authentication")
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = compact_jws.ALGORITHMS
MAX_LENGTH = compact_jws.MAX_LENGTH
LEEWAY = 60
# Some stock libraries always write `exp` one hour ahead; such an assertion is taken,
# but it dies `lifetimes.client_assertion` after its `iat`.
MAX_AHEAD = 3600
MAX_JTI = 255

_DECOY = jwk.ECKey.generate_key("P-256", private=False)


class AssertionRefusedError(Exception):
    """The assertion proves nothing; the text may be told, empty means `failed`."""


def verify(provider: Provider, assertion: str, *, now: datetime) -> str:
    """Return the client id that `assertion` proves, or raise AssertionRefusedError."""
    unverified = parse(assertion)
    client_id = unverified.claims.get("sub")
    if not isinstance(client_id, str):
        raise AssertionRefusedError
    party = provider.relying_parties.find(client_id)
    if party is None or not is_signed_by(
        party, unverified, registered=party.token_endpoint_auth_signing_alg
    ):
        if party is None:
            _spend_a_verification(unverified)
        raise AssertionRefusedError
    issuer = provider.config.issuer
    endpoints = tuple(f"{issuer}/{path}" for path in _ENDPOINTS)
    dead_at = check_claims(
        unverified.claims,
        client_id=client_id,
        # FAPI 2.0 Security Profile §5.3.2.1: the issuer and nothing else.
        audiences=(issuer, *(() if party.is_fapi2 else endpoints)),
        max_age=provider.config.lifetimes.client_assertion,
        now=now,
    )
    jti, ttl = unverified.claims["jti"], dead_at - now.timestamp()
    if not is_first(provider, "jti", client_id, jti, ttl=ttl):
        raise AssertionRefusedError("jti was used before")
    return client_id


def is_first(
    provider: Provider, kind: str, client_id: str, jti: str, *, ttl: float
) -> bool:
    """Spend the `jti` of a client's JWT of one kind; False if it was spent before."""
    # JSON escapes can name a lone surrogate, which is as good a jti as any other.
    identity = f"{client_id}\n{jti}".encode(errors="surrogatepass")
    return provider.ephemeral.claim(f"{kind}:{sha256(identity).hexdigest()}", ttl=ttl)


def parse(assertion: str, *, longest: int = MAX_LENGTH) -> CompactJws:
    """Take an assertion apart; raises AssertionRefusedError."""
    try:
        return compact_jws.parse(assertion, longest=longest)
    except MalformedJwsError as error:
        raise AssertionRefusedError from error


def is_signed_by(
    party: RelyingParty, unverified: CompactJws, *, registered: str | None
) -> bool:
    """Say whether one of the party's keys signed, by the algorithm it registered."""
    algorithm = unverified.algorithm
    if party.is_fapi2 and algorithm not in fapi2.SIGNING:
        return False
    if registered and registered != algorithm:
        return False
    known = party.jwks_with(unverified.header.get("kid"))
    return unverified.is_signed_by_one_of(known.keys if known else ())


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
        accepted = " or ".join(audiences)
        raise AssertionRefusedError(f"aud must be one string: {accepted}")
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


def _spend_a_verification(unverified: CompactJws) -> None:
    """Take the time that a known client's signature would take."""
    decoy = replace(unverified, header={"alg": "ES256"}, signature=bytes(64))
    decoy.is_signed_with(_DECOY)
