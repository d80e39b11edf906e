"""What portals answered, and streams of security events.

Revision ID: 0011
Revises: 0010
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    op.add_column("logout_notices", _optional("last_answer", sa.String(64)))
    op.create_table(
        "signal_streams",
        _required(
            "client_id",
            sa.String(255),
            sa.ForeignKey("relying_parties.client_id"),
            primary_key=True,
        ),
        _required("id", sa.Uuid, unique=True),
        _optional("endpoint_url", sa.String(2000)),
        _optional("authorization_sealed", sa.LargeBinary),
        _required("events", sa.JSON),
        _optional("description", sa.String(300)),
        _required("status", sa.String(8)),
        _required("created_at", _MOMENT),
        sa.CheckConstraint(
            "status IN ('enabled', 'paused', 'disabled')", name="status"
        ),
    )
    op.create_table(
        "signal_notices",
        _required("id", sa.Uuid, primary_key=True),
        _optional("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("client_id", sa.String(255), index=True),
        _required("subject", sa.JSON),
        _required("event", sa.String(128)),
        _required("members", sa.JSON),
        _required("created_at", _MOMENT, index=True),
        _required("attempts", sa.Integer),
        _optional("due_at", _MOMENT, index=True),
        _optional("last_answer", sa.String(64)),
    )


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)
