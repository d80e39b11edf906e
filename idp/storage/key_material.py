"""Where key material comes from, as configured: a file, a passphrase, a token."""

import getpass
import os
from pathlib import Path

from idp.config import Config
from idp.errors import ConfigError
from keys.envelope import Kek
from keys.errors import KeyMaterialError
from keys.kek import (
    Custody,
    PassphraseCustody,
    PlainCustody,
    TokenCustody,
    create_kek,
    read_kek,
)
from keys.pkcs11.opener import TokenOpener
from keys.pkcs11.token import Token
from keys.signing_keys import Opener, SoftwareOpener

KEK_SOURCES = ("file", "passphrase", "pkcs11")
_MOST_CHARS = 4096

# A passphrase is asked once: the workers that `idp serve` forks have what it opened.
# Neither the environment nor a command line ever holds it.
_opened: dict[Path, bytes] = {}
_handed: list[str] = []


def hand_over(descriptor: int) -> None:
    """Answer the coming questions for a passphrase with the lines of a descriptor."""
    try:
        with os.fdopen(descriptor, encoding="utf-8") as lines:
            _handed[:] = lines.read(_MOST_CHARS).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("--passphrase-fd: no text can be read there") from error


def open_kek(config: Config) -> Kek:
    """Return the key-encryption key; raises `KeyMaterialError` that says what to do."""
    former = config.keys.former_kek_file
    kek = _open(config, config.keys.kek_file)
    return Kek(kek, [_open(config, former)] if former else [])


def _open(config: Config, path: Path) -> bytes:
    if path not in _opened:
        kek = read_kek(path, custody(config))
        if config.keys.kek_source != "passphrase":
            return kek
        _opened[path] = kek
    return _opened[path]


def new_kek(config: Config) -> bytes:
    """Create the key-encryption key as configured; never replaces one."""
    path = config.keys.kek_file
    kek = create_kek(path, custody(config))
    if config.keys.kek_source == "passphrase":
        _opened[path] = kek
    return kek


def custody(config: Config, source: str | None = None) -> Custody:
    """Return how the key-encryption key lies in its file, as configured or asked."""
    source = source or config.keys.kek_source
    if source == "passphrase":
        return PassphraseCustody(_ask)
    return TokenCustody(open_token(config)) if source == "pkcs11" else PlainCustody()


def find_token(config: Config) -> Token | None:
    """Return the configured token, if any; it is connected to when first used."""
    named = config.pkcs11
    if not (named.module and named.token and named.pin_file):
        return None
    return Token(named.module, named.token, named.pin_file)


def open_token(config: Config) -> Token:
    """Return the configured token, which must be there."""
    token = find_token(config)
    if token is None:
        raise KeyMaterialError(
            "pkcs11.module, pkcs11.token and pkcs11.pin_file name no token"
        )
    return token


def check_token(config: Config) -> None:
    """Open the token in which keys will be made; raises `KeyMaterialError`."""
    if config.keys.signers == "pkcs11":
        open_token(config).run(lambda _: None)


def close_token(config: Config) -> None:
    """End this process's session with the token, if there is one: workers fork now."""
    token = find_token(config)
    if token is not None:
        token.close()


def open_opener(config: Config, kek: bytes) -> Opener:
    """Return what opens keys of either kind, and makes them where the settings say."""
    makes_there = config.keys.signers == "pkcs11"
    token = open_token(config) if makes_there else find_token(config)
    return TokenOpener(token, SoftwareOpener(kek), makes_there=makes_there)


def _ask(question: str) -> str:
    if _handed:
        return _handed.pop(0)
    try:
        Path("/dev/tty").open("rb").close()
    except OSError as error:
        raise KeyMaterialError(
            f"{question}: there is no terminal to ask at; "
            "give it on a file descriptor: idp --passphrase-fd N …"
        ) from error
    passphrase = getpass.getpass(f"{question}: ")
    if question.startswith("New") and getpass.getpass("Again: ") != passphrase:
        raise KeyMaterialError("the two passphrases differ")
    return passphrase
