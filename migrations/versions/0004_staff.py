"""Staff accounts.

Revision ID: 0004
Revises: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    _create_people()
    _create_proofs()
    _create_requests()
    _add_number_index()


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)


def _id() -> sa.Column[Any]:
    return _required("id", sa.Uuid, primary_key=True)


def _staff(name: str = "staff_id", **options: Any) -> sa.Column[Any]:
    return _required(name, sa.Uuid, sa.ForeignKey("staff_accounts.id"), **options)


def _create_people() -> None:
    op.create_table(
        "staff_units",
        _id(),
        _required("name", sa.String(128), unique=True),
        _optional("province_code", sa.String(8)),
        _optional("commune_code", sa.String(8)),
    )
    op.create_table(
        "staff_accounts",
        _id(),
        _required("name_sealed", sa.LargeBinary),
        _required("number_sealed", sa.LargeBinary),
        _required("number_index", sa.LargeBinary),
        _required("unit_id", sa.Uuid, sa.ForeignKey("staff_units.id"), index=True),
        _required("state", sa.String(16)),
        _required("created_at", _MOMENT),
        _required("created_by", sa.String(36)),
        _optional("disabled_at", _MOMENT),
        sa.CheckConstraint("state IN ('invited', 'active', 'disabled')", name="state"),
    )
    alive = sa.text("state <> 'disabled'")
    op.create_index(
        op.f("uq_staff_accounts_number"),
        "staff_accounts",
        ["number_index"],
        unique=True,
        postgresql_where=alive,
        sqlite_where=alive,
    )
    op.create_table(
        "staff_roles",
        _staff(primary_key=True),
        _required("role", sa.String(32), primary_key=True),
    )


def _create_proofs() -> None:
    op.create_table(
        "staff_passkeys",
        _id(),
        _staff(index=True),
        _required("webauthn_id", sa.LargeBinary, unique=True),
        _required("public_key", sa.LargeBinary),
        _required("sign_count", sa.BigInteger),
        _required("aaguid", sa.String(36)),
        _required("transports", sa.JSON),
        _required("is_backup_eligible", sa.Boolean),
        _required("attestation", sa.String(32)),
        _required("label", sa.String(64)),
        _required("created_at", _MOMENT),
        _optional("last_used_at", _MOMENT),
        _optional("held_at", _MOMENT),
        _optional("retired_at", _MOMENT),
    )
    op.create_table(
        "staff_invitations",
        _required("digest", sa.LargeBinary, primary_key=True),
        _staff(index=True),
        _required("purpose", sa.String(16)),
        _optional("code_digest", sa.LargeBinary),
        _required("wrong_codes", sa.SmallInteger),
        _required("created_at", _MOMENT),
        _required("expires_at", _MOMENT),
        _optional("ended_at", _MOMENT),
    )
    op.create_table(
        "staff_sessions",
        _id(),
        _required("token_digest", sa.LargeBinary, unique=True),
        _staff(index=True),
        _required("started_at", _MOMENT),
        _required("last_seen_at", _MOMENT),
        _required("proven_at", _MOMENT),
        _optional("ended_at", _MOMENT),
        _optional("end_reason", sa.String(32)),
    )


def _create_requests() -> None:
    op.create_table(
        "staff_requests",
        _id(),
        _required("kind", sa.String(16)),
        _staff(),
        _required("roles", sa.JSON),
        _optional("code_digest", sa.LargeBinary),
        _optional("asked_by", sa.Uuid, sa.ForeignKey("staff_accounts.id")),
        _required("asked_at", _MOMENT),
        _required("expires_at", _MOMENT),
        _required("state", sa.String(16)),
        _optional("decided_by", sa.Uuid, sa.ForeignKey("staff_accounts.id")),
        _optional("decided_at", _MOMENT),
        sa.CheckConstraint(
            "kind IN ('invite', 'roles', 'rescue', 'disable')", name="kind"
        ),
        sa.CheckConstraint("state IN ('open', 'approved', 'refused')", name="state"),
    )


def _add_number_index() -> None:
    """Let people find later who looked at them before they had an account."""
    op.add_column("audit_events", _optional("number_index", sa.LargeBinary))
    known = sa.text("number_index IS NOT NULL")
    op.create_index(
        op.f("ix_audit_events_number_index"),
        "audit_events",
        ["number_index"],
        postgresql_where=known,
        sqlite_where=known,
    )
