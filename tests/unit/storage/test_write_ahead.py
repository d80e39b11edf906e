"""A new file that several open at once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from idp.storage import write_ahead


def test_whoever_meets_a_locked_file_goes_on_after_it(tmp_path: Path) -> None:
    """SQLite itself would not wait; with the lock held for good it is told at last."""
    tried, path = Event(), tmp_path / "new.db"

    def open_second() -> str:
        with closing(sqlite3.connect(path, timeout=0)) as second:
            tried.set()
            write_ahead.switch_on(second, patience=30)
            return str(second.execute("PRAGMA journal_mode").fetchone()[0])

    with (
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as first,
        ThreadPoolExecutor(1) as pool,
    ):
        first.execute("BEGIN EXCLUSIVE")
        first.execute("CREATE TABLE told (x)")
        with (
            closing(sqlite3.connect(path, timeout=0)) as impatient,
            pytest.raises(sqlite3.OperationalError),
        ):
            write_ahead.switch_on(impatient, patience=0)
        waiting = pool.submit(open_second)
        assert tried.wait(30)
        first.execute("COMMIT")
        assert waiting.result() == "wal"
