"""Device codes, backchannel requests, exchanged tokens.

Revision ID: 0009
Revises: 0008
"""

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Change nothing yet."""
