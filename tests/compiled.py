"""Statements compiled once for each kind of database, not once for each database.

Every test has databases of its own, while SQLAlchemy remembers what it has compiled by
engine and by dialect object: each test would compile all of its statements anew.
"""

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.util import LRUCache

_KINDS = (PGDialect_psycopg, SQLiteDialect_pysqlite)
_STATEMENTS = 4000


def share_compiled_statements() -> None:
    """Let every engine of this process find what another of its kind has compiled."""
    compiled = LRUCache(_STATEMENTS)
    Engine._compiled_cache = property(lambda _: compiled, lambda *_: None)
    for kind in _KINDS:
        kind.__eq__ = _is_alike
        kind.__hash__ = _hash


def _is_alike(self: Dialect, other: object) -> bool:
    return type(self) is type(other)


def _hash(self: Dialect) -> int:
    return hash(type(self))
