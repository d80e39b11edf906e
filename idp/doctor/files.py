"""Who may read and change the files that a deployment lives by."""

import os
import stat
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

from idp.config import Config
from idp.doctor.finding import Finding, error, good, note

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_SECRET = ("password_file", "token_file", "key_file", "kek_file", "pin_file")


def examine(config: Config, config_file: Path) -> Iterator[Finding]:
    """Yield what others may read or write, and what is not there."""
    found = [
        *_written(config_file, "the configuration"),
        *(one for name, file in secrets(config) for one in _secret(name, file)),
        *(one for file in _stores(config) for one in _secret("a store", file)),
        *_beside(config),
    ]
    yield from found
    if not any(one.severity == "error" for one in found):
        yield good("files", "Only their owner reads secrets and writes settings")


def secrets(config: Config) -> Iterator[tuple[str, Path]]:
    """Yield each file that holds a secret, with the setting that names it."""
    for section in fields(config):
        table = getattr(config, section.name)
        for item in fields(table) if is_dataclass(table) else ():
            value = getattr(table, item.name)
            is_used = item.name != "kek_file" or config.keys.kek_source == "file"
            if isinstance(value, Path) and item.name.endswith(_SECRET) and is_used:
                yield f"{section.name}.{item.name}", value


def _stores(config: Config) -> Iterator[Path]:
    for url, scheme in (
        (config.database.url, "sqlite:///"),
        (config.ephemeral.url, "embedded:"),
    ):
        if url.startswith(scheme):
            yield Path(url.removeprefix(scheme))


def _secret(name: str, file: Path) -> Iterator[Finding]:
    try:
        about = file.stat()
    except OSError as failure:
        yield error(
            "file-missing",
            f"{name}: cannot read {file}: {failure.strerror}",
            "What it is for does not work.",
            "put it there, readable by the service alone",
        )
        return
    if about.st_mode & _OTHERS:
        yield error(
            "file-open",
            f"{name}: others may read or write {file}",
            "It opens accounts, keys or a partner's service to everybody on the host.",
            f"chmod 600 {file}",
        )
    if about.st_uid not in (os.geteuid(), 0):
        yield error(
            "file-owner",
            f"{name}: {file} is another user's",
            "That user changes it at will.",
            f"chown {os.geteuid()} {file}",
        )
    yield from _written(file.parent, "its folder")


def _written(path: Path, name: str) -> Iterator[Finding]:
    mode = path.stat().st_mode
    if mode & _WRITABLE and not mode & stat.S_ISVTX:
        yield error(
            "file-writable",
            f"{name}: others may write {path}",
            "Whoever writes there decides what the service trusts.",
            f"chmod go-w {path}",
        )


def _beside(config: Config) -> Iterator[Finding]:
    for file in _stores(config):
        if config.keys.kek_source == "file" and file.parent == (
            config.keys.kek_file.parent
        ):
            yield note(
                "kek-beside",
                "The key-encryption key lies beside a store",
                "One copy of the folder then has both, and opens everything.",
                "keys.kek_file elsewhere, backed up apart",
            )
            return
