"""Organisations and mandates, and grants that someone gives for another.

Revision ID: 0006
Revises: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC
_LIVE_OWN = sa.text("ended_at IS NULL AND actor_id IS NULL")
_LIVE_ACTING = sa.text("ended_at IS NULL AND actor_id IS NOT NULL")
_OPEN = sa.text("ended_at IS NULL")
_LEVELS_BEFORE = "level IN (1, 2)"
_LEVELS_AFTER = "level IN (0, 1, 2)"


def upgrade() -> None:
    _allow_no_level()
    op.add_column("representations", _optional("confirms_until", _MOMENT))
    op.add_column("representations", _optional("ended_at", _MOMENT))
    op.add_column("sessions", _optional("confirmed_by", sa.Uuid))
    _widen_grants()
    _create_organisations()


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)


def _allow_no_level() -> None:
    """Let an organisation's account have no level (0)."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_accounts_level"), "accounts", type_="check")
        op.create_check_constraint(
            op.f("ck_accounts_level"), "accounts", sa.text(_LEVELS_AFTER)
        )
        return
    # As in 0003: SQLite alters no constraint, and a wider check may be written into
    # the schema itself (https://sqlite.org/lang_altertable.html#otheralter).
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema=ON")
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'accounts' AND instr(sql, :before)"
        ),
        {"before": _LEVELS_BEFORE, "after": _LEVELS_AFTER},
    )
    connection.exec_driver_sql(f"PRAGMA schema_version={version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema=RESET")
    if changed.rowcount != 1:
        raise RuntimeError("the table of accounts is not as 0001 made it")


def _widen_grants() -> None:
    # SQLite adds no foreign key to a table that exists; accounts are never deleted.
    op.add_column("grants", _optional("actor_id", sa.Uuid))
    op.add_column("grants", _optional("actor_subject", sa.String(64)))
    op.create_index("ix_grants_actor_id", "grants", ["actor_id"])
    op.drop_index("uq_grants_live", "grants")
    for name, columns, where in (
        ("uq_grants_live", ["account_id", "client_id"], _LIVE_OWN),
        (
            "uq_grants_acting",
            ["account_id", "client_id", "actor_id"],
            _LIVE_ACTING,
        ),
    ):
        op.create_index(
            name,
            "grants",
            columns,
            unique=True,
            postgresql_where=where,
            sqlite_where=where,
        )


def _create_organisations() -> None:
    account = sa.ForeignKey("accounts.id")
    op.create_table(
        "organisations",
        _required("id", sa.Uuid, account, primary_key=True),
        _optional("tax_index", sa.LargeBinary, unique=True),
        _required("filed_by", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("filed_at", _MOMENT),
    )
    op.create_table(
        "memberships",
        _required("id", sa.Uuid, primary_key=True),
        _required(
            "organisation_id", sa.Uuid, sa.ForeignKey("organisations.id"), index=True
        ),
        _optional("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("number_index", sa.LargeBinary, index=True),
        _required("number_sealed", sa.LargeBinary),
        _required("role", sa.String(32)),
        _optional("mandate_sealed", sa.LargeBinary),
        _required("valid_from", _MOMENT),
        _optional("valid_until", _MOMENT),
        _required("invited_at", _MOMENT),
        _optional("accepted_at", _MOMENT),
        _optional("ended_at", _MOMENT),
        sa.CheckConstraint(
            "role IN ('legal_representative', 'authorised_person', 'member')",
            name="role",
        ),
    )
    op.create_index(
        "uq_memberships_open",
        "memberships",
        ["organisation_id", "number_index"],
        unique=True,
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )
