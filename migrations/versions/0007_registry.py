"""Registry copies and code lists.

Revision ID: 0007
Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    op.create_table(
        "registry_answers",
        _required("question_index", sa.LargeBinary, primary_key=True),
        _required("record_sealed", sa.LargeBinary),
        _required("answered_at", _MOMENT, index=True),
    )
    op.create_table(
        "administrative_units",
        _required("code_list", sa.String, primary_key=True),
        _required("level", sa.String, primary_key=True),
        _required("code", sa.String, primary_key=True),
        _required("name", sa.String),
        sa.Column("parent_code", sa.String, nullable=True),
        sa.Column("successor_code", sa.String, nullable=True),
        _required("imported_at", _MOMENT),
    )


def _required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)
