"""Which key signed each wallet's credential, and how many a kill has ended.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    kid = sa.Column("kid", sa.String(64), nullable=False, server_default="")
    op.add_column("wallet_credentials", kid)
    # Until now nothing told it but the time: the key that had begun last.
    op.execute(
        "UPDATE wallet_credentials SET kid = coalesce((SELECT signing_keys.kid "
        "FROM signing_keys WHERE signing_keys.ring = 'credential.ES256' "
        "AND signing_keys.activates_at <= wallet_credentials.issued_at "
        "ORDER BY signing_keys.activates_at DESC LIMIT 1), '')"
    )
    op.create_index(
        "ix_wallet_credentials_kid", "wallet_credentials", ["kid", "account_id"]
    )
    number = sa.Column(
        "credentials_ended", sa.Integer, nullable=False, server_default="0"
    )
    op.add_column("key_incidents", number)
