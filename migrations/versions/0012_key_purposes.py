"""Signing keys by purpose, generated beforehand, in hardware, compromised.

Revision ID: 0012
Revises: 0013
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0013"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    # A handful of rows: made anew, since SQLite alters no column.
    keys = sa.table(
        "signing_keys", *(sa.column(name, kind) for name, kind in _KEPT.items())
    )
    rows = [dict(row) for row in op.get_bind().execute(sa.select(keys)).mappings()]
    op.drop_table("signing_keys")
    made = op.create_table(
        "signing_keys",
        _required("kid", sa.String(64), primary_key=True),
        _required("ring", sa.String(32), index=True),
        _required("public_jwk", sa.JSON),
        _optional("private_sealed", sa.LargeBinary),
        _optional("handle", sa.String(1000)),
        _required("generated_at", _MOMENT),
        _optional("published_at", _MOMENT),
        _optional("activates_at", _MOMENT),
        _optional("retired_at", _MOMENT),
        _optional("destroyed_at", _MOMENT),
        _optional("compromised_at", _MOMENT),
        *_checks(),
    )
    for row in rows:
        # What signed everything goes on as a key of ID tokens; the other rings begin
        # with `idp keys init`.
        row |= {"ring": f"id_token.{row['ring']}", "generated_at": row["published_at"]}
    if rows:
        op.bulk_insert(made, rows)


_KEPT = {
    "kid": sa.String,
    "ring": sa.String,
    "public_jwk": sa.JSON,
    "private_sealed": sa.LargeBinary,
    "published_at": _MOMENT,
    "activates_at": _MOMENT,
    "retired_at": _MOMENT,
    "destroyed_at": _MOMENT,
}


def _checks() -> list[sa.CheckConstraint]:
    rules = {
        "one_place": "private_sealed IS NULL OR handle IS NULL",
        "published": "(published_at IS NULL) = (activates_at IS NULL)",
        "lead": "activates_at >= published_at",
        "retired": "retired_at > activates_at",
        "destroyed": "destroyed_at IS NULL OR private_sealed IS NULL",
        "compromised": "compromised_at IS NULL OR destroyed_at IS NOT NULL",
    }
    return [sa.CheckConstraint(rule, name=name) for name, rule in rules.items()]


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)
