"""Proposals that take two officers, and the alarms of who did not wait.

Revision ID: 0014
Revises: 0015
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0015"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    op.create_table(
        "staff_proposals",
        _required("id", sa.Uuid, primary_key=True),
        _required("kind", sa.String(32)),
        _required("subject", sa.String(255)),
        _required("payload", sa.JSON),
        _required("reason", sa.Text),
        _required("is_by_command", sa.Boolean),
        _optional("asked_by", sa.Uuid, sa.ForeignKey("staff_accounts.id")),
        _required("asked_at", _MOMENT),
        _required("expires_at", _MOMENT),
        _required("state", sa.String(16)),
        _optional("decided_by", sa.Uuid, sa.ForeignKey("staff_accounts.id")),
        _optional("decided_at", _MOMENT),
        _required("decision_reason", sa.Text),
        _required("error", sa.Text),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'refused', 'withdrawn')", name="state"
        ),
    )
    op.create_index(
        "ix_staff_proposals_state", "staff_proposals", ["state", "asked_at"]
    )
    op.create_table(
        "broken_glasses",
        _required("id", sa.Uuid, primary_key=True),
        _required("act", sa.String(64)),
        _required("reason", sa.Text),
        _required("at", _MOMENT),
        _optional("first_by", sa.Uuid, sa.ForeignKey("staff_accounts.id")),
        _optional("first_at", _MOMENT),
        _optional("second_by", sa.Uuid, sa.ForeignKey("staff_accounts.id")),
        _optional("second_at", _MOMENT),
    )


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)
