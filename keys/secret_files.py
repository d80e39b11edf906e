"""Small files that hold one secret: only their owner may read them."""

import os
import stat
from pathlib import Path

from keys.errors import KeyMaterialError

MAX_BYTES = 4096


def read_secret_file(path: Path, what: str) -> bytes:
    """Return what is in `path`; raises `KeyMaterialError` if others can read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(MAX_BYTES)
    except OSError as error:
        raise KeyMaterialError(
            f"cannot read {what} {path}: {error.strerror}"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyMaterialError(
            f"{path} is open to others than its owner; run: chmod 600 {path}"
        )
    return content


def create_secret_file(path: Path, content: bytes, what: str) -> None:
    """Write `content` to `path`, mode 0600, on the disk; never replaces a file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise KeyMaterialError(
            f"cannot create {what} {path}: {error.strerror}"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_secret_file(path: Path, content: bytes, what: str) -> None:
    """Put `content` in the place of the file at `path`: whole, or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    create_secret_file(fresh, content, what)
    fresh.replace(path)
