"""Proofs of wallets' keys, of the type `jwt` (OpenID4VCI 1.0 F.1, F.4)."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.oidc import compact_jws
from idp.oidc.compact_jws import MalformedJwsError
from idp.oidc.wallets import nonces
from idp.provider import Provider
from idp.relying_parties.client_keys import flaw_in_jwks, parse_key

TYPE = "openid4vci-proof+jwt"
ALGORITHMS = ("ES256",)
_CURVE = ("EC", "P-256")
_PUBLIC = ("kty", "crv", "x", "y")
_FORBIDDEN = ("kid", "x5c")
_LEEWAY = 60  # seconds that a wallet's clock may be ahead


class CredentialRequestError(OAuth2Error):  # type: ignore[misc]
    """A refusal of the credential endpoint (OpenID4VCI 1.0 §8.3.1.2)."""

    status_code = HTTPStatus.BAD_REQUEST

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description=description)
        self.error = error


def proven_keys(
    provider: Provider, proofs: Any, *, client_id: str, now: datetime
) -> list[dict[str, str]]:
    """Return the public keys that are proven, each once; spends their nonce."""
    batch = provider.config.credentials.batch
    tokens = proofs.get("jwt") if isinstance(proofs, dict) else None
    if not isinstance(tokens, list) or len(proofs) != 1 or not tokens:
        raise _invalid("proofs must have jwt, a list, and nothing else")
    if len(tokens) > batch:
        raise _invalid(f"at most {batch} proofs are taken at once")
    keys, used = [], set()
    for token in tokens:
        key, claims = _verified(token)
        _check_claims(provider, claims, client_id=client_id, now=now)
        if key in keys:
            raise _invalid("a key is proven twice")
        keys.append(key)
        used.add(claims["nonce"])
    if len(used) != 1 or not nonces.spend(provider, used.pop(), now):
        raise CredentialRequestError(
            "invalid_nonce", "The nonce is unknown, used or too old"
        )
    return keys


def _verified(token: Any) -> tuple[dict[str, str], Mapping[str, Any]]:
    """Return the key in the header and the claims that it has signed."""
    try:
        proof = compact_jws.parse(token if isinstance(token, str) else "")
    except MalformedJwsError as error:
        raise _invalid("a proof is no JWT") from error
    jwk = proof.header.get("jwk")
    if proof.header.get("typ") != TYPE or any(n in proof.header for n in _FORBIDDEN):
        raise _invalid(f"a proof has typ {TYPE} and its key in jwk alone")
    if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != _CURVE:
        raise _invalid("a proof is made with a key on the curve P-256")
    if flaw_in_jwks({"keys": [jwk]}):
        raise _invalid("jwk must be a public key")
    public = {name: jwk[name] for name in _PUBLIC}
    is_taken = proof.algorithm in ALGORITHMS
    if not is_taken or not proof.is_signed_with(parse_key(public)):
        raise _invalid("a proof is not signed by its key")
    return public, proof.claims


def _check_claims(
    provider: Provider, claims: Mapping[str, Any], *, client_id: str, now: datetime
) -> None:
    issued, lifetime = claims.get("iat"), provider.config.credentials.nonce
    if claims.get("aud") != provider.config.issuer:
        raise _invalid("a proof is for another issuer")
    if claims.get("iss", client_id) != client_id:
        raise _invalid("a proof is of another client")
    if not isinstance(issued, int | float) or isinstance(issued, bool):
        raise _invalid("a proof has no time")
    present = now.timestamp()
    if not present - lifetime <= issued <= present + _LEEWAY:
        raise _invalid("a proof is not of now")
    if not isinstance(claims.get("nonce"), str):
        raise _invalid("a proof has no nonce")


def _invalid(description: str) -> CredentialRequestError:
    return CredentialRequestError("invalid_proof", description)
