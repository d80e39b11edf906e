"""Officers' addresses for alarms, and portals that are suspended.

Revision ID: 0019
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0012"


def upgrade() -> None:
    op.add_column(
        "staff_accounts", sa.Column("email_sealed", sa.LargeBinary, nullable=True)
    )
    # Microseconds since the epoch, UTC.
    op.add_column(
        "relying_parties", sa.Column("suspended_at", sa.BigInteger, nullable=True)
    )
    op.add_column("relying_parties", sa.Column("suspension", sa.Text, nullable=True))
