"""A sealed stream: AES-256-GCM in chunks, so that memory stays flat at any length.

`magic (8) · salt (32) · length of the label (2) · label`, then chunks of `flag and
length (4) · ciphertext and tag`. The label is in clear and says whose key opens the
file, which has one of its own, made of the whole head. A chunk's nonce is its number
and whether it is the last; the head is authenticated with each. So a label that was
changed is found, a chunk that was changed, moved, repeated or left out is found where
it stands, and so is an end that was cut off.
(The construction is STREAM of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015.)
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.errors import KeysError
from keys.sealing import derive_key

_MAGIC = b"DDSEAL\x00\x02"
_UNLABELLED = b"DDSEAL\x00\x01"  # never released
_SALT_BYTES = 32
_TAG_BYTES = 16
_CHUNK = 65_536
_LABEL = struct.Struct(">H")
_FRAME = struct.Struct(">I")
_NONCE = struct.Struct(">QI")
_LAST = 1 << 31


class StreamError(KeysError):
    """The stream was altered or cut, or is sealed under another key."""


class SealedWriter:
    """Seals what is written; without `close` the stream has no end and is refused."""

    def __init__(self, file: BinaryIO, key: bytes, *, label: bytes = b"") -> None:
        self._file = file
        salt = os.urandom(_SALT_BYTES)
        self._head = _MAGIC + salt + _LABEL.pack(len(label)) + label
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


@dataclass(frozen=True, slots=True)
class StreamHead:
    """What a stream begins with: not believed before the first chunk has opened."""

    whole: bytes
    label: bytes


def read_head(file: BinaryIO) -> StreamHead:
    """Read what a stream begins with; raises `StreamError`."""
    fixed = len(_MAGIC) + _SALT_BYTES + _LABEL.size
    head = file.read(fixed)
    if head.startswith(_UNLABELLED):
        raise StreamError(
            "this archive is of a form that no release had, without a label: the "
            "version that made it restores it"
        )
    if len(head) != fixed or not head.startswith(_MAGIC):
        raise StreamError("this is no sealed archive")
    (length,) = _LABEL.unpack(head[-_LABEL.size :])
    label = file.read(length)
    if len(label) != length:
        raise StreamError("the archive is cut off in its label")
    return StreamHead(head + label, label)


def open_stream(file: BinaryIO, head: StreamHead, key: bytes) -> Iterator[bytes]:
    """Yield what was written, chunk by chunk; raises `StreamError`, at the end too."""
    cipher, number, last = _cipher(key, head.whole), 0, False
    while not last:
        frame = file.read(_FRAME.size)
        if len(frame) != _FRAME.size:
            raise StreamError(f"the archive is cut off after chunk {number}")
        (mark,) = _FRAME.unpack(frame)
        last, length = bool(mark & _LAST), mark & ~_LAST
        sealed = file.read(min(length, _CHUNK + _TAG_BYTES))
        try:
            yield cipher.decrypt(_NONCE.pack(number, last), sealed, head.whole)
        except InvalidTag:
            where = f"at chunk {number + 1}" if number else "at its beginning"
            raise StreamError(f"the archive was altered {where}") from None
        number += 1
    if file.read(1):
        raise StreamError("the archive goes on after its end")


def _cipher(key: bytes, head: bytes) -> AESGCM:
    return AESGCM(derive_key(key, f"stream {head.hex()}"))
