"""Sealing of columns with AES-256-GCM, and keyed blind indexes over them.

A sealed value is `format (1 byte) · key id (2) · nonce (12) · ciphertext and tag`. The
caller's `context` (say `accounts.phone`) is authenticated with the first three bytes,
so that a value moved to another column, or relabelled to another key, does not open.
"""

import hmac
import os
import struct
from collections.abc import Mapping

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


class Sealer:
    """Seals under the highest key id, opens under any, and indexes for look-ups."""

    def __init__(self, keys: Mapping[int, bytes], index_key: bytes) -> None:
        for key in (*keys.values(), index_key):
            if len(key) != KEY_BYTES:
                raise ValueError("sealing keys have 32 bytes")
        if not keys or not all(0 < key_id < 1 << 16 for key_id in keys):
            raise ValueError("sealing keys are numbered from 1 to 65535")
        if index_key in keys.values():
            raise ValueError("the index key has no second purpose")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        current = max(keys)
        self._header = _HEADER.pack(_FORMAT, current)
        self._cipher = self._ciphers[current]
        self._index = hmac.new(index_key, digestmod="sha256")

    def seal(self, plaintext: bytes, *, context: str) -> bytes:
        """Return `plaintext` encrypted and bound to `context`."""
        header, nonce = self._header, os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext, header + context.encode())
        return header + nonce + sealed

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Return what was sealed for the same `context`; raises `SealError`."""
        if len(sealed) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
            raise SealError
        header, rest = sealed[: _HEADER.size], sealed[_HEADER.size :]
        form, key_id = _HEADER.unpack(header)
        cipher = self._ciphers.get(key_id)
        if form != _FORMAT or cipher is None:
            raise SealError
        nonce, ciphertext = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, ciphertext, header + context.encode())
        except InvalidTag:
            raise SealError from None

    def index(self, value: str, *, context: str) -> bytes:
        """Return the 32-byte blind index of `value`, for equality look-ups only."""
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        label = context.encode()
        mac = self._index.copy()
        mac.update(_LENGTH.pack(len(label)) + label + value.encode())
        return mac.digest()


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return the 32-byte subkey of `secret` for one purpose (RFC 5869)."""
    info = f"dinhdanh:{purpose}".encode()
    return HKDF(hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
