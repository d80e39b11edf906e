"""DPoP: a signed, single-use proof that the sender holds a key (RFC 9449).

The proof's own `jwk` is the key that it shows; what it is worth comes from the token or
code that names the key's thumbprint. Replays are refused in the store that all workers
share.
"""

from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from joserfc.jwk import Key

from idp.authentication.transaction import AuthorizationRequest
from idp.oidc import compact_jws, dpop_nonce
from idp.oidc.compact_jws import STRONG_ALGORITHMS, CompactJws, MalformedJwsError
from idp.oidc.errors import InvalidProofError, UseNonceError
from idp.oidc.request_guard import MachineRequest
from idp.provider import Provider
from idp.relying_parties.client_keys import flaw_in_jwks, parse_key

TYPE = "dpop+jwt"
MAX_JTI = 255

_KEY_MEMBERS = ("kty", "crv", "x", "y", "n", "e")
_PORTS = {"http": 80, "https": 443}


def verify(
    provider: Provider, request: MachineRequest, *, access_token: str | None = None
) -> str:
    """Return the thumbprint (RFC 7638) of the key that the request's proof shows.

    With an access token the proof must be for that token. Raises `InvalidProofError`.
    """
    proof = _parse(request.dpop)
    key = _key(proof)
    _check_claims(provider, request, proof.claims, access_token)
    if not proof.is_signed_with(key):
        raise InvalidProofError("The proof is not signed with its jwk")
    thumbprint: str = key.thumbprint()
    dead_at = _dead_at(provider, request, proof.claims)
    identity = f"{thumbprint}\n{proof.claims['jti']}".encode(errors="surrogatepass")
    name = f"dpop:{sha256(identity).hexdigest()}"
    if not provider.ephemeral.claim(name, ttl=dead_at - request.at.timestamp()):
        raise InvalidProofError("jti was used before")
    return thumbprint


def bind(
    provider: Provider, request: MachineRequest, asked: AuthorizationRequest
) -> AuthorizationRequest:
    """Bind a pushed request to the key of its proof, if it has one (RFC 9449 §10.1)."""
    if request.dpop is None:
        return asked
    thumbprint = verify(provider, request)
    if asked.dpop_jkt not in (None, thumbprint):
        raise InvalidProofError("dpop_jkt names another key than the proof's")
    return replace(asked, dpop_jkt=thumbprint)


def _parse(text: str | None) -> CompactJws:
    if text is None:
        raise InvalidProofError("Missing DPoP proof")
    try:
        # Two headers come joined by a comma, which no JWS holds (RFC 9449 §4.3).
        proof = compact_jws.parse(text)
    except MalformedJwsError as error:
        raise InvalidProofError("The DPoP header must hold one compact JWT") from error
    if proof.header.get("typ") != TYPE:
        raise InvalidProofError(f"typ must be {TYPE}")
    if proof.algorithm not in STRONG_ALGORITHMS:
        listed = ", ".join(STRONG_ALGORITHMS)
        raise InvalidProofError(f"alg must be one of: {listed}")
    return proof


def _key(proof: CompactJws) -> Key:
    jwk = proof.header.get("jwk")
    if not isinstance(jwk, dict) or flaw_in_jwks({"keys": [jwk]}):
        raise InvalidProofError("jwk must be one sound public key")
    # Without `use`, `alg` and `key_ops`, which say nothing of a key that vouches for
    # itself.
    return parse_key({name: jwk[name] for name in _KEY_MEMBERS if name in jwk})


def _check_claims(
    provider: Provider,
    request: MachineRequest,
    claims: dict[str, Any],
    access_token: str | None,
) -> None:
    """Check what the proof is for (RFC 9449 §4.3); unknown claims are ignored."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= MAX_JTI:
        raise InvalidProofError(f"jti must be a string of 1 to {MAX_JTI} characters")
    if claims.get("htm") != request.method:
        raise InvalidProofError("htm must be the method of the request")
    config = provider.config
    origins = filter(None, (config.issuer, config.mtls.endpoints))
    addresses = [_address(f"{origin}{request.path}") for origin in origins]
    if _address(claims.get("htu")) not in addresses:
        raise InvalidProofError("htu must be the address of the request")
    if access_token is not None and claims.get("ath") != token_hash(access_token):
        raise InvalidProofError("ath must be the hash of the access token")


def token_hash(access_token: str) -> str:
    """Return `ath` for an access token (RFC 9449 §4.2)."""
    digest = sha256(access_token.encode(errors="replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _dead_at(
    provider: Provider, request: MachineRequest, claims: dict[str, Any]
) -> float:
    """Return until when the proof could be used, in fact or again (RFC 9449 §11.1)."""
    config, present = provider.config, request.at.timestamp()
    issued = claims.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise InvalidProofError("iat must be a number")
    if config.dpop.require_nonce:
        # Our clock, not the device's, tells how old the proof is (§4.3, 11).
        until = dpop_nonce.dead_at(provider, claims.get("nonce"), now=request.at)
        if until is None:
            raise UseNonceError("The proof needs the nonce of this answer")
        return until
    age = config.lifetimes.dpop_proof
    if not present - age <= issued <= present + age:
        raise InvalidProofError("iat is too far from the present time")
    return issued + age + 1


def _address(url: object) -> tuple[str, str | None, int | None, str] | None:
    """Return an address without query and fragment, normalised (RFC 3986 §6.2.3)."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname, port, parts.path or "/"
