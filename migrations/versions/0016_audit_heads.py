"""Signed heads of the audit log, and how far they are known elsewhere.

Revision ID: 0016
Revises: 0017
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0017"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    op.create_table(
        "audit_signed_heads",
        _key("number", sa.Integer),
        _required("at", _MOMENT),
        _required("jws", sa.Text),
    )
    op.create_table(
        "audit_signed_chains",
        _key("month", sa.String(7)),
        _key("shard", sa.Integer),
        _required("seq", sa.Integer),
        _required("hash", sa.LargeBinary),
        sa.Column("purged_by", sa.Integer, nullable=True),
    )
    op.create_table(
        "audit_sinks",
        _key("name", sa.String(16)),
        _required("number", sa.Integer),
        _required("attempts", sa.Integer),
        _required("due_at", _MOMENT),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.Column("failure", sa.String(200), nullable=True),
    )


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _required(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)
