"""Versions of the keys that seal and index columns.

Revision ID: 0013
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0014"


def upgrade() -> None:
    """Say from when to when a secret is in use."""
    for name in ("activated_at", "destroyed_at"):
        op.add_column("server_secrets", sa.Column(name, sa.BigInteger, nullable=True))
