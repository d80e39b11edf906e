"""Wallets' credentials and their status.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    """Create the table of credentials that wallets hold."""
    op.create_table(
        "wallet_credentials",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "account_id",
            sa.Uuid,
            sa.ForeignKey("accounts.id"),
            nullable=False,
            index=True,
        ),
        sa.Column(
            "grant_id", sa.Uuid, sa.ForeignKey("grants.id"), nullable=False, index=True
        ),
        sa.Column("list_number", sa.Integer, nullable=False),
        sa.Column("list_index", sa.Integer, nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False, index=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.UniqueConstraint("list_number", "list_index"),
    )
