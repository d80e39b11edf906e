"""Usage history and counts, imports.

Revision ID: 0008
Revises: 0007
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ACCOUNT_KEYS = ("level", "state")
_DOSSIER_KEYS = ("kind", "state", "province_code", "refusal")


def upgrade() -> None:
    _create_usage()
    _create_counts()
    _create_imports()
    for table, counts, keys in (
        ("accounts", "account_counts", _ACCOUNT_KEYS),
        ("dossiers", "dossier_counts", _DOSSIER_KEYS),
    ):
        names, values = ", ".join(keys), _values("", keys)
        op.execute(
            f"INSERT INTO {counts} ({names}, count) "  # noqa: S608 - our own names
            f"SELECT {values}, count(*) FROM {table} GROUP BY {values}"
        )
        is_sqlite = op.get_bind().dialect.name == "sqlite"
        (_count_on_sqlite if is_sqlite else _count_on_postgresql)(table, counts, keys)


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)


def _create_usage() -> None:
    op.create_table(
        "usage_history",
        _required("id", _SERIAL, primary_key=True),
        _required("at", _MOMENT, index=True),
        _required("account_id", sa.Uuid),
        _required("client_id", sa.String(64)),
        _optional("province_code", sa.String(8)),
        _required("outcome", sa.String(16)),
        _required("level", sa.SmallInteger),
    )
    op.create_index(
        "ix_usage_history_account_id_at", "usage_history", ["account_id", "at"]
    )
    op.create_table(
        "daily_usage",
        _required("day", sa.String(10), primary_key=True),
        _required("client_id", sa.String(64), primary_key=True),
        _required("province_code", sa.String(8), primary_key=True),
        _required("outcome", sa.String(16), primary_key=True),
        _required("count", sa.BigInteger),
    )
    op.create_table(
        "counted_up_to",
        _required("name", sa.String(32), primary_key=True),
        _required("day", sa.String(10)),
    )


def _create_counts() -> None:
    op.create_table(
        "funnel_counts",
        _required("day", sa.String(10), primary_key=True),
        _required("stage", sa.String(16), primary_key=True),
        _required("reason", sa.String(48), primary_key=True),
        _required("count", sa.BigInteger),
    )
    op.create_table(
        "account_counts",
        _required("id", _SERIAL, primary_key=True),
        _required("level", sa.SmallInteger),
        _required("state", sa.String(16)),
        _required("count", sa.BigInteger),
    )
    op.create_table(
        "dossier_counts",
        _required("id", _SERIAL, primary_key=True),
        _required("kind", sa.String(32)),
        _required("state", sa.String(16)),
        _required("province_code", sa.String(8)),
        _required("refusal", sa.String(32)),
        _required("count", sa.BigInteger),
    )


def _create_imports() -> None:
    op.create_table(
        "imports",
        _required("id", sa.Uuid, primary_key=True),
        _required("head_digest", sa.LargeBinary),
        _required("size", sa.BigInteger),
        _required("position", sa.BigInteger),
        _required("line", sa.BigInteger),
        _required("taken", sa.BigInteger),
        _required("refused", sa.BigInteger),
        _required("started_at", _MOMENT),
        _optional("finished_at", _MOMENT),
        sa.UniqueConstraint("head_digest", "size", name="uq_imports_head_digest"),
    )
    op.create_table(
        "import_refusals",
        _required("import_id", sa.Uuid, sa.ForeignKey("imports.id"), primary_key=True),
        _required("line", sa.BigInteger, primary_key=True),
        _required("code", sa.String(16)),
    )


def _values(row: str, keys: Sequence[str]) -> str:
    """Return the keys' values of a row; what may be absent is an empty text."""
    prefix = f"{row}." if row else ""
    return ", ".join(
        f"coalesce({prefix}{key}, '')"
        if key in ("province_code", "refusal")
        else f"{prefix}{key}"
        for key in keys
    )


def _count_on_sqlite(table: str, counts: str, keys: Sequence[str]) -> None:
    """Keep one row for each state; a transaction that writes is alone anyway."""

    def change(row: str, by: int) -> str:
        names, values = ", ".join(keys), _values(row, keys)
        same = f"({names}) = ({values})"
        return (
            f"INSERT INTO {counts} ({names}, count) SELECT {values}, 0 "  # noqa: S608
            f"WHERE NOT EXISTS (SELECT 1 FROM {counts} WHERE {same}); "
            f"UPDATE {counts} SET count = count + {by} WHERE {same};"
        )

    differs = f"({_values('OLD', keys)}) IS NOT ({_values('NEW', keys)})"
    changed = f"UPDATE OF {', '.join(keys)} ON {table} WHEN {differs}"
    for name, when, body in (
        ("insert", f"INSERT ON {table}", change("NEW", 1)),
        ("delete", f"DELETE ON {table}", change("OLD", -1)),
        ("update", changed, change("OLD", -1) + change("NEW", 1)),
    ):
        op.execute(f"CREATE TRIGGER count_{table}_{name} AFTER {when} BEGIN {body} END")


def _count_on_postgresql(table: str, counts: str, keys: Sequence[str]) -> None:
    """Append differences: no two transactions wait for one another's count."""
    names = ", ".join(keys)
    insert = f"INSERT INTO {counts} ({names}, count)"
    old, new = _values("OLD", keys), _values("NEW", keys)
    each = _values("", keys)
    bodies = {
        "insert": f"{insert} SELECT {each}, count(*) FROM added GROUP BY {each};",  # noqa: S608
        "update": f"{insert} VALUES ({old}, -1), ({new}, 1);",
        "delete": f"{insert} VALUES ({old}, -1);",
    }
    for name, body in bodies.items():
        op.execute(
            f"CREATE FUNCTION count_{table}_{name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {body} RETURN NULL; END $$"
        )
    differs = f"({old}) IS DISTINCT FROM ({new})"
    added = "REFERENCING NEW TABLE AS added"
    changes = {
        "insert": f"INSERT ON {table} {added} FOR EACH STATEMENT",
        "update": f"UPDATE OF {names} ON {table} FOR EACH ROW WHEN ({differs})",
        "delete": f"DELETE ON {table} FOR EACH ROW",
    }
    for name, change in changes.items():
        op.execute(
            f"CREATE TRIGGER count_{table}_{name} AFTER {change} "
            f"EXECUTE FUNCTION count_{table}_{name}()"
        )
