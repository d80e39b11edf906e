"""Private signing keys at rest: made, sealed under the KEK, opened again."""

from datetime import datetime, timedelta
from typing import cast

from cryptography.hazmat.primitives import serialization

from keys.algorithms import PrivateKey, generate, public_jwk
from keys.envelope import envelope
from keys.errors import KeyMaterialError, SealError
from keys.ring import RingKey
from keys.sealing import Sealer


def new_signing_key(
    ring: str, kek: bytes, *, published_at: datetime, lead: timedelta
) -> RingKey:
    """Generate a key; its private part leaves this function sealed only."""
    private_key = generate(ring)
    jwk = public_jwk(private_key.public_key(), ring)
    der = private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return RingKey(
        kid=jwk["kid"],
        ring=ring,
        public_jwk=jwk,
        private_sealed=_sealer(kek).seal(der, context=_context(ring, jwk["kid"])),
        published_at=published_at,
        activates_at=published_at + lead,
    )


def open_signing_key(row: RingKey, kek: bytes) -> PrivateKey:
    """Return the private key of `row`; raises `KeyMaterialError`."""
    try:
        der = _sealer(kek).open(
            row.private_sealed or b"", context=_context(row.ring, row.kid)
        )
    except SealError:
        raise KeyMaterialError(
            f"signing key {row.kid} does not open: changed, or sealed under another "
            "key-encryption key"
        ) from None
    # The seal has proven the bytes to be ours, of this ring; checking an RSA key again
    # would cost 40 ms.
    private_key = serialization.load_der_private_key(
        der, password=None, unsafe_skip_rsa_key_validation=True
    )
    return cast("PrivateKey", private_key)


def _sealer(kek: bytes) -> Sealer:
    return envelope(kek, "signing keys")


def _context(ring: str, kid: str) -> str:
    # A sealed key copied into another row does not open there.
    return f"{ring}:{kid}"
