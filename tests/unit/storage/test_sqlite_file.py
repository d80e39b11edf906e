"""A new file: several open it at once, and only its owner reads it."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from idp.storage import sqlite_file
from idp.storage.database import Database
from idp.storage.embedded import EmbeddedStore


def test_whoever_meets_a_locked_file_goes_on_after_it(tmp_path: Path) -> None:
    """SQLite itself would not wait; with the lock held for good it is told at last."""
    tried, path = Event(), tmp_path / "new.db"

    def open_second() -> str:
        with closing(sqlite3.connect(path, timeout=0)) as second:
            tried.set()
            sqlite_file.switch_on(second, patience=30)
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
            sqlite_file.switch_on(impatient, patience=0)
        waiting = pool.submit(open_second)
        assert tried.wait(30)
        first.execute("COMMIT")
        assert waiting.result() == "wal"


def test_a_new_store_is_its_owners_alone(tmp_path):
    """Whatever the umask; what lies beside the file takes its mode."""
    umask = os.umask(0)
    try:
        with Database(f"sqlite:///{tmp_path / 'a.db'}").transaction() as session:
            session.execute(sa.text("CREATE TABLE one (two)"))
            modes = {
                file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()
            }
        EmbeddedStore(tmp_path / "b.db")
    finally:
        os.umask(umask)

    assert modes["a.db"] == modes["a.db-wal"] == 0o600
    assert (tmp_path / "b.db").stat().st_mode & 0o777 == 0o600
