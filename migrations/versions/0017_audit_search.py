"""Indexes by which auditors search the log; on PostgreSQL also by who is named.

Revision ID: 0017
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0019"

_OFFICER = (
    "coalesce(data::jsonb ->> 'officer_id', data::jsonb ->> 'by', "
    "data::jsonb ->> 'staff_id')"
)
_NAMES_OFFICER = " OR ".join(
    f"strpos(data, '\"{name}\":') > 0" for name in ("officer_id", "by", "staff_id")
)
_PORTAL = "(data::jsonb ->> 'client_id')"
_NAMES_PORTAL = "strpos(data, '\"client_id\":') > 0"


def upgrade() -> None:
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index("ix_audit_events_type_at", "audit_events", ["type", "at"])
    if op.get_context().dialect.name != "postgresql":
        return
    for name, expression, where in (
        ("officer", _OFFICER, _NAMES_OFFICER),
        ("portal", _PORTAL, _NAMES_PORTAL),
    ):
        op.create_index(
            f"ix_audit_events_{name}_at",
            "audit_events",
            [sa.text(expression), "at"],
            postgresql_where=sa.text(where),
        )
