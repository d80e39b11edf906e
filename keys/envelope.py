"""The key-encryption key: the one secret that comes from outside the database.

It lives in a file (32 random bytes in base64) that only its owner can read. Private
signing keys and the server's secrets are sealed under subkeys of it, one a purpose.
"""

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from keys.errors import KeyMaterialError
from keys.sealing import KEY_BYTES, Sealer, derive_key

_MAX_FILE_BYTES = 1024


def read_kek(path: Path) -> bytes:
    """Return the key in `path`; raises `KeyMaterialError` that says what is wrong."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise KeyMaterialError(
            f"cannot read the key-encryption key {path}: {error.strerror}; "
            "`idp keys init --create-kek` makes a new one"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyMaterialError(
            f"{path} is open to others than its owner; run: chmod 600 {path}"
        )
    try:
        kek = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        kek = b""
    if len(kek) != KEY_BYTES:
        raise KeyMaterialError(f"{path} must hold 32 random bytes in base64")
    return kek


def create_kek(path: Path) -> bytes:
    """Write a new key to `path`, mode 0600, and return it; never replaces a file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kek = secrets.token_bytes(KEY_BYTES)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise KeyMaterialError(
            f"cannot create the key-encryption key {path}: {error.strerror}"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(kek) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return kek


def envelope(kek: bytes, purpose: str) -> Sealer:
    """Return the sealer of one purpose under the key-encryption key."""
    seal_key = derive_key(kek, f"kek seal {purpose}")
    return Sealer({1: seal_key}, derive_key(kek, f"kek index {purpose}"))
