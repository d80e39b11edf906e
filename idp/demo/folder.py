"""The state folder: recognised by its marker, held by one demo at a time."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.errors import ConfigError

MARKER = ".dinhdanh-demo"


@contextmanager
def held_folder(folder: Path, *, reset: bool) -> Iterator[None]:
    """Create, or empty, or just open the state folder, and hold it meanwhile.

    Only a folder with our marker is ever emptied; one that holds anything else is
    refused, so that a mistyped STATE= costs nothing.
    """
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder; name another: STATE=…")
    if folder.is_dir() and not marker.is_file() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} holds something that is not a demo's; name another: STATE=…"
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = marker.open("a", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot use {folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"another demo is running on {folder}; stop it, or name another: "
                "STATE=… PORT=…"
            ) from error
        if reset:
            _empty(folder)
        yield


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == MARKER:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
