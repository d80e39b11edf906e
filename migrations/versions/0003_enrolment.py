"""Dossiers, activation, counter mode.

Revision ID: 0003
Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC
_OPEN = sa.text("state IN ('submitted', 'in_review')")
_BEFORE = "state IN ('submitted', 'in_review', 'granted', 'active')"
_AFTER = "state IN ('submitted', 'in_review', 'granted', 'active', 'closed')"


def upgrade() -> None:
    _allow_closed()
    _create_dossiers()
    _create_activation()


def _allow_closed() -> None:
    if op.get_bind().dialect.name != "sqlite":
        name = op.f("ck_accounts_state")
        op.drop_constraint(name, "accounts", type_="check")
        op.create_check_constraint(name, "accounts", sa.text(_AFTER))
        return
    # SQLite alters no constraint, and to build the table anew would break the keys
    # that point at it. A wider check may be written into the schema itself
    # (https://sqlite.org/lang_altertable.html#otheralter).
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'accounts' AND instr(sql, :before)"
        ),
        {"before": _BEFORE, "after": _AFTER},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=RESET")
    if changed.rowcount != 1:
        raise RuntimeError("the table of accounts is not as 0001 made it")


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)


def _create_dossiers() -> None:
    op.create_table(
        "dossiers",
        _required("id", sa.Uuid, primary_key=True),
        _optional("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _optional("organisation_id", sa.Uuid),
        _required("kind", sa.String(32)),
        _required("channel", sa.String(16)),
        _required("state", sa.String(16)),
        _required("receipt", sa.String(16), unique=True),
        _required("submitted_at", _MOMENT),
        _required("due_at", _MOMENT),
        _optional("decided_at", _MOMENT),
        _optional("decided_by", sa.String(64)),
        _optional("refusal", sa.String(32)),
        _optional("notified_at", _MOMENT),
        _optional("filed_by", sa.Uuid, sa.ForeignKey("accounts.id")),
        _optional("officer_id", sa.Uuid),
        _optional("reviewer_id", sa.Uuid),
        _optional("unit_id", sa.Uuid),
        _optional("province_code", sa.String(8)),
        _required("evidence_sealed", sa.LargeBinary),
        _optional("consent_version", sa.String(32)),
        _optional("consented_at", _MOMENT),
        _optional("external_id_index", sa.LargeBinary, unique=True),
        sa.CheckConstraint(
            "state IN ('submitted', 'in_review', 'granted', 'refused', 'withdrawn')",
            name="state",
        ),
    )
    op.create_index("ix_dossiers_queue", "dossiers", ["state", "due_at"])
    for column in ("organisation_id", "filed_by"):
        is_known = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            op.f(f"ix_dossiers_{column}"),
            "dossiers",
            [column],
            postgresql_where=is_known,
            sqlite_where=is_known,
        )
    for name, column in (
        ("uq_dossiers_open_account", "account_id"),
        ("uq_dossiers_open_organisation", "organisation_id"),
    ):
        op.create_index(
            name,
            "dossiers",
            [column],
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        )


def _create_activation() -> None:
    op.create_table(
        "activation_permits",
        _required("id", sa.Uuid, primary_key=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("given_by", sa.Uuid),
        _required("given_at", _MOMENT),
        _required("until", _MOMENT),
    )
    # The default is for workers of the former release, which know no such column.
    at_counter = _required("at_counter", sa.Boolean, server_default=sa.false())
    op.add_column("sessions", at_counter)
