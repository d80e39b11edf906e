"""Killing a key among millions of grants: what it costs, and how far its end has come.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_index("ix_refresh_tokens_issued_at", "refresh_tokens", ["issued_at"])
    for name, table, column in (
        ("ix_grants_live_granted_at", "grants", "granted_at"),
        ("ix_sessions_open_started_at", "sessions", "started_at"),
    ):
        op.create_index(
            name, table, [column], postgresql_where=_OPEN, sqlite_where=_OPEN
        )
    for name, kind in (("step", sa.SmallInteger), ("found", sa.Integer)):
        number = sa.Column(name, kind, nullable=False, server_default="0")
        op.add_column("key_incidents", number)
    op.add_column("key_incidents", sa.Column("reached", sa.String(36), nullable=True))
