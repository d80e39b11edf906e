"""Private signing keys wherever they are: made, and opened to sign."""

from datetime import datetime
from typing import Protocol, cast

from cryptography.hazmat.primitives import serialization

from keys.algorithms import (
    PrivateKey,
    Signer,
    SoftwareSigner,
    generate,
    public_jwk,
)
from keys.envelope import envelope
from keys.errors import KeyMaterialError, SealError
from keys.ring import Ring, RingKey


class Opener(Protocol):
    """Makes keys in one place, and opens those that are there."""

    def generate(self, ring: Ring, *, now: datetime) -> RingKey:
        """Make a key for `ring` that nobody has seen yet."""

    def signer(self, row: RingKey) -> Signer:
        """Open the private part of `row`; raises `KeyMaterialError`."""

    def erase(self, row: RingKey) -> bool:
        """Destroy a private part that is not in the row itself; may be repeated.

        Says whether nothing of it is left.
        """


class SoftwareOpener:
    """Keys sealed in their rows under the key-encryption key."""

    def __init__(self, kek: bytes) -> None:
        self._sealer = envelope(kek, "signing keys")

    def generate(self, ring: Ring, *, now: datetime) -> RingKey:
        """Make a key; its private part leaves this function sealed only."""
        return self.take(generate(ring.alg), ring, now=now)

    def take(self, private_key: PrivateKey, ring: Ring, *, now: datetime) -> RingKey:
        """Seal a private key for `ring`; its row is one of a generated key."""
        jwk = public_jwk(private_key.public_key(), ring.alg)
        der = private_key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        context = _context(ring.name, jwk["kid"])
        return RingKey(
            kid=jwk["kid"],
            ring=ring,
            public_jwk=jwk,
            private_sealed=self._sealer.seal(der, context=context),
            generated_at=now,
        )

    def signer(self, row: RingKey) -> SoftwareSigner:
        """Open the private part of `row`; raises `KeyMaterialError`."""
        der = self._open(row)
        # The seal has proven the bytes to be ours, of this ring; checking an RSA key
        # again would cost 40 ms.
        private_key = serialization.load_der_private_key(
            der, password=None, unsafe_skip_rsa_key_validation=True
        )
        return SoftwareSigner(cast("PrivateKey", private_key))

    def erase(self, row: RingKey) -> bool:
        """Do nothing: the sealed part goes with its column."""
        return row.handle is None

    def _open(self, row: RingKey) -> bytes:
        for context in contexts(row.ring, row.kid):
            try:
                return self._sealer.open(row.private_sealed or b"", context=context)
            except SealError:
                continue
        raise KeyMaterialError(
            f"signing key {row.kid} does not open: changed, or sealed under another "
            "key-encryption key"
        )


def contexts(ring: Ring, kid: str) -> list[str]:
    """Return what a private part in its row may be sealed as, the likeliest first."""
    known = [_context(ring.name, kid)]
    if ring.purpose == "id_token":
        # Before rings had purposes, these were sealed as their algorithm's alone.
        known.append(_context(ring.alg, kid))
    return known


def _context(ring: str, kid: str) -> str:
    # A sealed key copied into another row, or another ring, does not open there.
    return f"{ring}:{kid}"
