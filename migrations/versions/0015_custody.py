"""Who fetched which key set, and keys that were killed.

Revision ID: 0015
Revises: 0011
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0011"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    _sightings()
    _incidents()


def _sightings() -> None:
    op.create_table(
        "key_sets",
        _required("digest", sa.String(64), primary_key=True),
        _required("kids", sa.JSON),
    )
    op.create_table(
        "key_set_fetches",
        _required("client_id", sa.String(255), primary_key=True),
        _required("digest", sa.String(64), primary_key=True),
        _required("via", sa.String(8), primary_key=True),
        _required("first_at", _MOMENT),
        _required("last_at", _MOMENT),
        _required("count", sa.BigInteger),
        sa.CheckConstraint("via IN ('network', 'hint', 'nobody')", name="via"),
    )
    op.create_table(
        "token_returns",
        _required("client_id", sa.String(255), primary_key=True),
        _required("issued_at", _MOMENT),
        _required("seen_at", _MOMENT),
    )


def _incidents() -> None:
    op.create_table(
        "key_incidents",
        _required("id", sa.Uuid, primary_key=True),
        _required("kid", sa.String(64), unique=True),
        _required("ring", sa.String(32)),
        _required("reason", sa.String(500)),
        _required("by", sa.String(36)),
        _required("signed_from", _MOMENT),
        _required("killed_at", _MOMENT),
        _required("jwks_max_age", sa.Integer),
        _required("grants", sa.String(8)),
        _required("sessions", sa.String(8)),
        _required("grants_ended", sa.Integer),
        _required("sessions_ended", sa.Integer),
        _optional("over_at", _MOMENT),
        sa.CheckConstraint("grants IN ('rekey', 'revoke')", name="grants"),
        sa.CheckConstraint("sessions IN ('stay', 'end')", name="sessions"),
    )
    op.create_table(
        "key_incident_portals",
        _required(
            "incident_id",
            sa.Uuid,
            sa.ForeignKey("key_incidents.id"),
            primary_key=True,
        ),
        _required("client_id", sa.String(255), primary_key=True),
        _optional("notice_id", sa.Uuid, unique=True),
        _optional("taken_at", _MOMENT),
        _required("contacts", sa.Integer),
        _required("attempts", sa.Integer),
        _optional("due_at", _MOMENT, index=True),
        _optional("written_at", _MOMENT),
    )
    op.create_table(
        "key_refusals",
        _required("kid", sa.String(64), primary_key=True),
        _required("typ", sa.String(32), primary_key=True),
        _required("first_at", _MOMENT),
        _required("last_at", _MOMENT),
        _required("count", sa.BigInteger),
    )


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)
