"""What portals answered, and streams of security events.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add what was answered to a notice."""
    op.add_column(
        "logout_notices", sa.Column("last_answer", sa.String(64), nullable=True)
    )
