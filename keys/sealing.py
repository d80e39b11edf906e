"""Sealing of columns with AES-256-GCM, and keyed blind indexes over them.

A sealed value is `format (1 byte) · key id (2) · nonce (12) · ciphertext and tag`. The
caller's `context` (say `accounts.phone`) is authenticated with the first three bytes,
so that a value moved to another column, or relabelled to another key, does not open.

A blind index is `HMAC(first key, value)`; under each later key it is `version (2) ·
HMAC(that key, the index before it)`. So whoever holds the keys brings a stored index up
to a new key without the value, which for some columns nobody has, and whoever holds
only a former key can test no guess against it.
"""

import hmac
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys.errors import SealError

KEY_BYTES = 32
_FORMAT = 1
_HEADER = struct.Struct(">BH")
_LENGTH = struct.Struct(">H")
_NONCE_BYTES = 12  # NIST SP 800-38D §8.2.2; renew the key before 2^32 random nonces
_TAG_BYTES = 16


class BlindIndex(bytes):
    """An index as it is written now; rows are looked up by all of its `versions`."""

    versions: tuple[bytes, ...]

    def __new__(cls, versions: Sequence[bytes], active: int) -> Self:
        """Return the index under the active key, counted from 1."""
        index = super().__new__(cls, versions[active - 1])
        index.versions = tuple(versions)
        return index

    @property
    def first(self) -> bytes:
        """The index under the first key: a name that no renewal changes."""
        return self.versions[0]


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """The keys of one moment: by version, with the version of each that is in use."""

    seal: Mapping[int, bytes] = field(repr=False)
    index: Sequence[bytes] = field(repr=False)
    sealing: int
    indexing: int = 1

    def __post_init__(self) -> None:
        """Refuse keys that are none, or serve twice."""
        for key in (*self.seal.values(), *self.index):
            if len(key) != KEY_BYTES:
                raise ValueError("sealing keys have 32 bytes")
        if not self.seal or not all(0 < key_id < 1 << 16 for key_id in self.seal):
            raise ValueError("sealing keys are numbered from 1 to 65535")
        if not {*self.index}.isdisjoint(self.seal.values()):
            raise ValueError("the index key has no second purpose")
        if self.sealing not in self.seal or not 0 < self.indexing <= len(self.index):
            raise ValueError("the key in use is not there")


class Ciphers:
    """The keys of one moment, ready for use."""

    def __init__(self, keys: SealingKeys) -> None:
        self.by_version = {key_id: AESGCM(key) for key_id, key in keys.seal.items()}
        self.header = seal_header(keys.sealing)
        self.cipher = self.by_version[keys.sealing]
        self.indexing = keys.indexing
        self.macs = [hmac.new(key, digestmod="sha256") for key in keys.index]


class Sealer:
    """Seals under the key in use, opens under any, and indexes for look-ups."""

    def __init__(self, keys: Mapping[int, bytes], index_key: bytes) -> None:
        """Seal under the highest of these keys."""
        self._set(SealingKeys(keys, (index_key,), max(keys, default=0)))

    def seal(self, plaintext: bytes, *, context: str) -> bytes:
        """Return `plaintext` encrypted and bound to `context`."""
        now = self._current()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = now.cipher.encrypt(nonce, plaintext, now.header + context.encode())
        return now.header + nonce + sealed

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Return what was sealed for the same `context`; raises `SealError`."""
        if len(sealed) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
            raise SealError
        header, rest = sealed[: _HEADER.size], sealed[_HEADER.size :]
        form, key_id = _HEADER.unpack(header)
        if form != _FORMAT:
            raise SealError
        cipher = self._current().by_version.get(key_id)
        if cipher is None:
            cipher = self._renewed().by_version.get(key_id)
        if cipher is None:
            raise SealError
        nonce, ciphertext = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, header + context.encode())
        except InvalidTag:
            raise SealError from None

    def index(self, value: str, *, context: str) -> BlindIndex:
        """Return the blind index of `value`, for equality look-ups only."""
        now, label = self._current(), context.encode()
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        text = _LENGTH.pack(len(label)) + label + value.encode()
        return BlindIndex(_lifted(now, [_mac(now, 1, text)]), now.indexing)

    def lift(self, index: bytes) -> BlindIndex:
        """Return a stored index under the key in use, and under each from its own."""
        now, version = self._current(), index_version(index)
        if version > len(now.macs):
            now = self._renewed()
        if version > len(now.macs):
            raise SealError
        known = [index] * version  # what it was before, nobody can tell from it
        return BlindIndex(_lifted(now, known), max(version, now.indexing))

    def _set(self, keys: SealingKeys) -> None:
        self._ciphers = Ciphers(keys)

    def _current(self) -> Ciphers:
        return self._ciphers

    def _renewed(self) -> Ciphers:
        """Look for keys that came since; here there are none."""
        return self._ciphers


def seal_header(version: int) -> bytes:
    """Return what every value begins with that is sealed under a version."""
    return _HEADER.pack(_FORMAT, version)


def index_version(index: bytes) -> int:
    """Return the version of the key that an index is under."""
    if len(index) == KEY_BYTES:
        return 1
    version: int = _LENGTH.unpack(index[: _LENGTH.size])[0]
    return version


def _lifted(now: Ciphers, versions: list[bytes]) -> list[bytes]:
    """Add what follows from the last of the versions under each later key."""
    for version in range(len(versions) + 1, len(now.macs) + 1):
        mac = _mac(now, version, versions[-1])
        versions.append(_LENGTH.pack(version) + mac)
    return versions


def _mac(now: Ciphers, version: int, text: bytes) -> bytes:
    mac = now.macs[version - 1].copy()
    mac.update(text)
    return mac.digest()


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return the 32-byte subkey of `secret` for one purpose (RFC 5869)."""
    info = f"dinhdanh:{purpose}".encode()
    return HKDF(hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
