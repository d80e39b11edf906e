"""Registration of clients over HTTP.

Revision ID: 0009
Revises: 0008
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    op.create_table(
        "initial_tokens",
        _required("id", sa.Uuid, primary_key=True),
        _required("digest", sa.LargeBinary, unique=True),
        _required("approved", sa.JSON),
        _required("uses_left", sa.Integer),
        _required("created_at", _MOMENT),
        _required("expires_at", _MOMENT),
    )
    client = sa.ForeignKey("relying_parties.client_id")
    op.create_table(
        "registration_tokens",
        _required("client_id", sa.String(255), client, primary_key=True),
        _required("digest", sa.LargeBinary),
        _required("approved", sa.JSON),
        _required("created_at", _MOMENT),
    )


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)
