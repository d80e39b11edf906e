"""What an alarm was about: the key, the portal, the account by its id.

Revision ID: 0020
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"


def upgrade() -> None:
    # Alarms of before named the act alone.
    subject = sa.Column("subject", sa.String(255), nullable=False, server_default="")
    op.add_column("broken_glasses", subject)
