"""The key-encryption key in its file: in clear, under a passphrase, or under a token.

Wherever its protection comes from, it is the same 32 bytes in the same file: so nothing
that is sealed changes when the file is wrapped anew, and one file is what to back up.
"""

import base64
import binascii
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw

from keys.envelope import envelope
from keys.errors import KeyMaterialError, SealError
from keys.pkcs11.token import Token
from keys.pkcs11.uri import KeyUri
from keys.pkcs11.wrapping import generate_wrapping_key, unwrap, wrap
from keys.sealing import KEY_BYTES, derive_key
from keys.secret_files import (
    create_secret_file,
    read_secret_file,
    replace_secret_file,
)

MIN_PASSPHRASE = 15  # characters: NIST SP 800-63B-4 §3.1.1.1
_WHAT = "the key-encryption key"
_CONTEXT = "dinhdanh:kek"
_SALT_BYTES = 16
# RFC 9106 §4, the second recommended option: where 2 GiB are not to be had.
COST = {"memory_kib": 65_536, "iterations": 3, "parallelism": 4}


class Custody(Protocol):
    """How the key-encryption key lies in its file."""

    def close(self, kek: bytes) -> bytes:
        """Return the file's content for `kek`."""

    def open(self, content: bytes) -> bytes:
        """Return the key in the file's content; raises `KeyMaterialError`."""


class PlainCustody:
    """In clear (base64): the file's owner and mode are all that protects it."""

    def close(self, kek: bytes) -> bytes:
        """Return the file's content for `kek`."""
        return base64.b64encode(kek) + b"\n"

    def open(self, content: bytes) -> bytes:
        """Return the key in the file's content; raises `KeyMaterialError`."""
        try:
            kek = base64.b64decode(content.strip(), validate=True)
        except binascii.Error:
            kek = b""
        if len(kek) != KEY_BYTES:
            raise KeyMaterialError("it must hold 32 random bytes in base64")
        return kek


class PassphraseCustody:
    """Sealed under what argon2id makes of a passphrase (RFC 9106)."""

    def __init__(
        self, ask: Callable[[str], str], cost: Mapping[str, int] = COST
    ) -> None:
        self._ask = ask
        self._cost = cost

    def close(self, kek: bytes) -> bytes:
        """Return the file's content for `kek`, under a new passphrase."""
        passphrase = self._ask("New passphrase of the key-encryption key")
        if len(passphrase) < MIN_PASSPHRASE:
            raise KeyMaterialError(
                f"a passphrase has at least {MIN_PASSPHRASE} characters"
            )
        cost = {**self._cost, "salt": _encode(os.urandom(_SALT_BYTES))}
        sealer = envelope(_stretched(passphrase, cost), "key-encryption key")
        return _written(
            "passphrase", {**cost, "sealed": sealer.seal(kek, context=_CONTEXT)}
        )

    def open(self, content: bytes) -> bytes:
        """Return the key in the file's content; raises `KeyMaterialError`."""
        members = _read(content, "passphrase", ("salt", "sealed", *COST))
        passphrase = self._ask("Passphrase of the key-encryption key")
        sealer = envelope(_stretched(passphrase, members), "key-encryption key")
        try:
            return sealer.open(_decode(members["sealed"]), context=_CONTEXT)
        except SealError:
            raise KeyMaterialError("the passphrase is wrong") from None


class TokenCustody:
    """Encrypted inside a PKCS#11 token, under a key that never leaves it."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def close(self, kek: bytes) -> bytes:
        """Return the file's content for `kek`, under a new key of the token."""
        uri = generate_wrapping_key(self._token)
        wrapped = wrap(self._token, uri, kek, _CONTEXT.encode())
        return _written("pkcs11", {"key": str(uri), "sealed": wrapped})

    def open(self, content: bytes) -> bytes:
        """Return the key in the file's content; raises `KeyMaterialError`."""
        members = _read(content, "pkcs11", ("key", "sealed"))
        uri, wrapped = KeyUri.read(str(members["key"])), _decode(members["sealed"])
        return unwrap(self._token, uri, wrapped, _CONTEXT.encode())


_PLAIN = PlainCustody()


def read_kek(path: Path, custody: Custody = _PLAIN) -> bytes:
    """Return the key in `path`; raises `KeyMaterialError` that says what is wrong."""
    if not path.exists():
        raise KeyMaterialError(
            f"cannot read {_WHAT} {path}: it is not there; "
            "`idp keys init --create-kek` makes a new one"
        )
    content = read_secret_file(path, _WHAT)
    try:
        kek = custody.open(content)
    except KeyMaterialError as error:
        raise KeyMaterialError(f"{path}: {error}") from error
    if len(kek) != KEY_BYTES:
        raise KeyMaterialError(f"{path}: {_WHAT} has not 32 bytes")
    return kek


def create_kek(
    path: Path, custody: Custody = _PLAIN, kek: bytes | None = None
) -> bytes:
    """Write a new key to `path`, mode 0600, and return it; never replaces a file."""
    if path.exists():
        raise KeyMaterialError(f"cannot create {_WHAT} {path}: it exists")
    kek = kek or secrets.token_bytes(KEY_BYTES)
    create_secret_file(path, custody.close(kek), _WHAT)
    return kek


def rewrap_kek(path: Path, kek: bytes, custody: Custody) -> None:
    """Put the same key into its file under another custody, or a new passphrase."""
    content = custody.close(kek)
    replace_secret_file(path, content, _WHAT)


def fingerprint(kek: bytes) -> str:
    """Return 32 hexadecimal digits that tell the key from others and nothing of it."""
    return derive_key(kek, "kek fingerprint").hex()[:32]


def _stretched(passphrase: str, cost: dict[str, Any]) -> bytes:
    try:
        return hash_secret_raw(
            passphrase.encode(),
            _decode(cost["salt"]),
            time_cost=int(cost["iterations"]),
            memory_cost=int(cost["memory_kib"]),
            parallelism=int(cost["parallelism"]),
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    except (HashingError, ValueError, TypeError, OverflowError) as error:
        raise KeyMaterialError("its argon2id parameters are wrong") from error


def _written(custody: str, members: dict[str, Any]) -> bytes:
    plain = {
        name: _encode(value) if isinstance(value, bytes) else value
        for name, value in members.items()
    }
    return json.dumps({"kek": custody, **plain}).encode() + b"\n"


def _read(content: bytes, custody: str, names: tuple[str, ...]) -> dict[str, Any]:
    try:
        members = json.loads(content)
    except ValueError:
        members = None
    is_whole = isinstance(members, dict) and set(members) == {"kek", *names}
    if not is_whole or members["kek"] != custody:
        raise KeyMaterialError(f"it is not as keys.kek_source = {custody!r} makes it")
    return dict(members)


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decode(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error:
        raise KeyMaterialError("it holds no base64 where it must") from None
