"""Registration of clients over HTTP.

Revision ID: 0010
Revises: 0009
"""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Change nothing yet."""
