"""The ephemeral store in one SQLite file, for the worker processes of one machine.

Every verb is one SQL statement in its own transaction, so SQLite's write lock makes it
atomic across threads and processes. What has expired is never seen, and is removed in
small portions along with later writes.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from idp import clock
from idp.errors import BusyError
from idp.storage import sqlite_file
from idp.storage.ephemeral import Value
from idp.storage.idle import IdleConnections

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY,
    value TEXT,
    number INTEGER,
    grant_id TEXT,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_by_expiry ON entries (expires_at);
CREATE INDEX IF NOT EXISTS entries_by_grant ON entries (grant_id)
    WHERE grant_id IS NOT NULL;
"""
_PUT = """
INSERT INTO entries (key, value, grant_id, expires_at) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, number = NULL,
    grant_id = excluded.grant_id, expires_at = excluded.expires_at
"""
_CLAIM = f"{_PUT} WHERE entries.expires_at <= ?"
_GET = "SELECT value FROM entries WHERE key = ? AND expires_at > ?"
_TAKE = "DELETE FROM entries WHERE key = ? RETURNING value, expires_at"
_RAISE = """
INSERT INTO entries (key, number, expires_at) VALUES (:key, :by, :until)
ON CONFLICT (key) DO UPDATE SET
    number = :by + iif(expires_at > :now, number, 0),
    expires_at = iif(expires_at > :now, expires_at, :until)
RETURNING number
"""
_LOWER = """
UPDATE entries SET number = max(0, number + :by)
WHERE key = :key AND expires_at > :now RETURNING number
"""
_CLEAN = """
DELETE FROM entries WHERE key IN
    (SELECT key FROM entries WHERE expires_at <= ? LIMIT 256)
"""
_WRITES_BETWEEN_CLEANINGS = 100
_PATIENCE = 30  # seconds that a writer waits for the others


class EmbeddedStore:
    """The ephemeral store of one machine; see `ephemeral.EphemeralStore`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: IdleConnections[sqlite3.Connection] = IdleConnections()
        self._writes = 0
        sqlite_file.create(path)
        with self._connection() as connection:
            sqlite_file.switch_on(connection, patience=_PATIENCE)
            connection.executescript(_SCHEMA)

    def put(
        self, key: str, value: Value, *, ttl: float, grant_id: str | None = None
    ) -> None:
        """Store (or replace) `value` for `ttl` seconds, revocable by `grant_id`."""
        self._write(_PUT, (key, _dump(value), grant_id, _now() + ttl))

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the live value, or None."""
        with self._connection() as connection:
            row = connection.execute(_GET, (key, _now())).fetchone()
        return _load(row[0]) if row else None

    def get_many(self, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the live values in the order of `keys`."""
        return [self.get(key) for key in keys]

    def take(self, key: str) -> dict[str, Any] | None:
        """Remove and return the value: of parallel callers exactly one gets it."""
        rows = self._write(_TAKE, (key,))
        return _load(rows[0][0]) if rows and rows[0][1] > _now() else None

    def claim(
        self,
        key: str,
        value: Value | None = None,
        *,
        ttl: float,
        grant_id: str | None = None,
    ) -> bool:
        """Store only if absent: of parallel callers exactly one gets True."""
        now = _now()
        row = (key, _dump(value or {}), grant_id, now + ttl, now)
        return bool(self._write(f"{_CLAIM} RETURNING 1", row))

    def count(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add `by` to a counter; the window opens with the first positive call."""
        now = _now()
        if by > 0:
            values = {"key": key, "by": by, "now": now, "until": now + ttl}
            rows = self._write(_RAISE, values)
        elif by < 0:
            rows = self._write(_LOWER, {"key": key, "by": by, "now": now})
        else:
            query = "SELECT number FROM entries WHERE key = ? AND expires_at > ?"
            with self._connection() as connection:
                rows = connection.execute(query, (key, now)).fetchall()
        return int(rows[0][0]) if rows else 0

    def drop(self, *keys: str) -> None:
        """Remove these keys, present or not."""
        marks = ",".join("?" * len(keys))
        self._write(f"DELETE FROM entries WHERE key IN ({marks})", keys)  # noqa: S608 - only question marks are formatted in

    def drop_grant(self, grant_id: str) -> None:
        """Remove everything that was stored under `grant_id`."""
        self._write("DELETE FROM entries WHERE grant_id = ?", (grant_id,))

    def ping(self) -> None:
        """Raise if the file cannot be read."""
        with self._connection() as connection:
            connection.execute("SELECT 1 FROM entries LIMIT 1").fetchone()

    def close(self) -> None:
        """Close the idle connections."""
        while connection := self._idle.take():
            connection.close()

    def _write(self, statement: str, values: Any) -> list[Any]:
        with self._connection() as connection:
            rows = connection.execute(statement, values).fetchall()
            self._writes += 1
            if self._writes % _WRITES_BETWEEN_CLEANINGS == 0:
                connection.execute(_CLEAN, (_now(),))
        return rows

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend an idle connection, or a new one."""
        try:
            connection = self._idle.take() or self._connect()
            try:
                yield connection
            finally:
                self._idle.give(connection)
        except sqlite3.Error as error:
            raise BusyError(detail=f"ephemeral store: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        # With WAL, NORMAL keeps the file whole after a power cut and syncs only at
        # checkpoints; the last moments may be lost, which ephemeral state can bear.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def _now() -> float:
    return clock.now().timestamp()


def _dump(value: Value) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _load(text: str | None) -> dict[str, Any] | None:
    return None if text is None else json.loads(text)
