"""SQLite's write-ahead log, switched on by whoever opens a new file first."""

import sqlite3
import time

_PAUSE = 0.01  # seconds


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
