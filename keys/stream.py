"""A sealed stream: AES-256-GCM in chunks, so that memory stays flat at any length.

`magic (8) · salt (32)`, then chunks of `flag and length (4) · ciphertext and tag`. Each
file has a key of its own, made of the salt. A chunk's nonce is its number and whether
it is the last; the head is authenticated with each. So a chunk that was changed, moved,
repeated or left out is found where it stands, and so is an end that was cut off.
(The construction is STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015.)
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.errors import KeysError
from keys.sealing import derive_key

_MAGIC = b"DDSEAL\x00\x01"
_SALT_BYTES = 32
_TAG_BYTES = 16
_CHUNK = 65_536
_FRAME = struct.Struct(">I")
_NONCE = struct.Struct(">QI")
_LAST = 1 << 31


class StreamError(KeysError):
    """The stream was altered or cut, or is sealed under another key."""


class SealedWriter:
    """Seals what is written; without `close` the stream has no end and is refused."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        self._head = _MAGIC + os.urandom(_SALT_BYTES)
        self._cipher = _cipher(key, self._head)
        self._waiting = bytearray()
        self._number = 0
        file.write(self._head)

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        self._waiting += data
        while len(self._waiting) > _CHUNK:
            self._seal(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]

    def close(self) -> None:
        """Write the last chunk, which says that it is the last."""
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _NONCE.pack(self._number, last)
        sealed = self._cipher.encrypt(nonce, chunk, self._head)
        self._number += 1
        self._file.write(_FRAME.pack(len(sealed) | (_LAST if last else 0)) + sealed)


def open_stream(file: BinaryIO, key: bytes) -> Iterator[bytes]:
    """Yield what was written, chunk by chunk; raises `StreamError`, at the end too."""
    head = file.read(len(_MAGIC) + _SALT_BYTES)
    if len(head) != len(_MAGIC) + _SALT_BYTES or not head.startswith(_MAGIC):
        raise StreamError("this is no sealed archive")
    cipher, number, last = _cipher(key, head), 0, False
    while not last:
        frame = file.read(_FRAME.size)
        if len(frame) != _FRAME.size:
            raise StreamError(f"the archive is cut off after chunk {number}")
        (mark,) = _FRAME.unpack(frame)
        last, length = bool(mark & _LAST), mark & ~_LAST
        sealed = file.read(min(length, _CHUNK + _TAG_BYTES))
        try:
            yield cipher.decrypt(_NONCE.pack(number, last), sealed, head)
        except InvalidTag:
            raise StreamError(
                "the archive was altered, or is sealed under another key-encryption key"
                if number == 0
                else f"the archive was altered at chunk {number + 1}"
            ) from None
        number += 1
    if file.read(1):
        raise StreamError("the archive goes on after its end")


def _cipher(key: bytes, head: bytes) -> AESGCM:
    return AESGCM(derive_key(key, f"stream {head.hex()}"))
