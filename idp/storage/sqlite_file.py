"""A new SQLite file: closed to others, with a write-ahead log."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

_PAUSE = 0.01  # seconds


def create(path: Path) -> None:
    """Make an empty file that only its owner reads, unless there is one.

    SQLite itself would go by the umask; the files that it lays beside take this one's
    mode. Where no file can be made, opening it says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def switch_on(connection: sqlite3.Connection, *, patience: float) -> None:
    """Turn the file to a write-ahead log, which it then stays.

    SQLite does not wait for others who do the same at this moment: of two that open a
    new file at once, one is told that it is locked, whatever its timeout. Raises
    `sqlite3.OperationalError` after `patience` seconds.
    """
    until = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(_PAUSE)
        else:
            return
