"""Session keys from a shared secret: ICAO Doc 9303-11 §9.7."""

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from idp.emrtd.mrz import MrzKey


class Cipher(IntEnum):
    """The block ciphers of chips; the value is the last arc of the protocols' ids."""

    TRIPLE_DES = 1
    AES_128 = 2
    AES_192 = 3
    AES_256 = 4

    @property
    def key_length(self) -> int:
        """Return how many bytes a key has; two-key Triple-DES has 16."""
        return {1: 16, 2: 16, 3: 24, 4: 32}[self]

    @property
    def block(self) -> int:
        """Return the block length in bytes."""
        return 8 if self is Cipher.TRIPLE_DES else 16


class Purpose(IntEnum):
    """What a key is for: the counter of the derivation (§9.7.1)."""

    ENCRYPTION = 1
    MAC = 2
    PASSWORD = 3


@dataclass(frozen=True, repr=False)
class SessionKeys:
    """A pair of keys; it never prints itself."""

    cipher: Cipher
    encryption: bytes
    mac: bytes


@dataclass(frozen=True, repr=False)
class Can:
    """The card access number printed on the card, as a key to it."""

    digits: str


def derive_key(secret: bytes, cipher: Cipher, purpose: Purpose) -> bytes:
    """Derive one key (§9.7.1): SHA-1, or SHA-256 where SHA-1 would be too short."""
    material = secret + purpose.to_bytes(4, "big")
    if cipher.key_length > 16:
        return hashlib.sha256(material).digest()[: cipher.key_length]
    key = hashlib.sha1(material, usedforsecurity=False).digest()[:16]
    return _with_parity(key) if cipher is Cipher.TRIPLE_DES else key


def derive_session(secret: bytes, cipher: Cipher) -> SessionKeys:
    """Derive the pair of session keys (§9.7.2, §9.7.4)."""
    return SessionKeys(
        cipher,
        derive_key(secret, cipher, Purpose.ENCRYPTION),
        derive_key(secret, cipher, Purpose.MAC),
    )


def derive_access_key(access: MrzKey | Can, cipher: Cipher) -> bytes:
    """Derive PACE's password key (§9.7.3)."""
    secret = access.digits.encode() if isinstance(access, Can) else _mrz_seed(access)
    return derive_key(secret, cipher, Purpose.PASSWORD)


def derive_basic_access(access: MrzKey) -> SessionKeys:
    """Derive BAC's document basic access keys (§4.3.2, §9.7.2)."""
    return derive_session(_mrz_seed(access)[:16], Cipher.TRIPLE_DES)


def _mrz_seed(access: MrzKey) -> bytes:
    information = access.information.encode()
    return hashlib.sha1(information, usedforsecurity=False).digest()


def _with_parity(key: bytes) -> bytes:
    """Make each byte's number of ones odd, as DES keys are written (FIPS 46-3)."""
    return bytes(byte ^ (byte.bit_count() & 1 ^ 1) for byte in key)
