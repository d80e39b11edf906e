"""What ES256 and RS256 mean: making a key, its public JWK, signing, verifying.

A key in hardware would be another `Signer`; nothing else would know.
"""

from collections.abc import Mapping
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_ECDSA = ec.ECDSA(hashes.SHA256())
_PKCS1 = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_P256_BYTES = 32
_RSA_BITS = 2048


class Signer(Protocol):
    """Holds one private key, wherever it is, and signs with it."""

    @property
    def public_key(self) -> PublicKey:
        """The public part that belongs to it, from where the private part is."""

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message` (RFC 7518 §3)."""


class SoftwareSigner:
    """A signer whose private key is in this process."""

    def __init__(self, private_key: PrivateKey) -> None:
        self._key = private_key
        self.public_key: PublicKey = private_key.public_key()

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message` (RFC 7518 §3.3, §3.4)."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(message, _PKCS1, _SHA256)
        r, s = decode_dss_signature(self._key.sign(message, _ECDSA))
        return r.to_bytes(_P256_BYTES) + s.to_bytes(_P256_BYTES)


def is_signature(public_key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Say whether `signature` is that of `message` under the key's one algorithm."""
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, message, _PKCS1, _SHA256)
            return True
        if len(signature) != 2 * _P256_BYTES:  # RFC 7518 §3.4
            return False
        r = int.from_bytes(signature[:_P256_BYTES])
        s = int.from_bytes(signature[_P256_BYTES:])
        public_key.verify(encode_dss_signature(r, s), message, _ECDSA)
    except InvalidSignature:
        return False
    return True


def generate(alg: str) -> PrivateKey:
    """Make a private key for `alg`."""
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if alg == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    raise ValueError(f"no ring signs with {alg}")


def public_key(jwk: Mapping[str, str]) -> tuple[str, PublicKey]:
    """Return the RFC 7638 thumbprint of a P-256 JWK, and its key; or `ValueError`."""
    try:
        key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    except (KeyError, JoseError) as error:
        raise ValueError("not a P-256 key") from error
    if isinstance(key.public_key.curve, ec.SECP256R1):
        return key.thumbprint(), key.public_key
    raise ValueError("not a P-256 key")


def public_jwk(key: PublicKey, alg: str) -> dict[str, str]:
    """Return the public JWK with its RFC 7638 thumbprint as `kid`."""
    jwk: ECKey | RSAKey
    jwk = RSAKey(key, key) if isinstance(key, rsa.RSAPublicKey) else ECKey(key, key)
    members = {name: str(value) for name, value in jwk.as_dict(private=False).items()}
    return {**members, "kid": jwk.thumbprint(), "use": "sig", "alg": alg}
