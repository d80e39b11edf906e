"""Locks, requests and rights.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    op.add_column("accounts", _optional("restricted_at", _MOMENT))
    op.add_column("accounts", _optional("email_usable_from", _MOMENT))
    _create_locks()
    _create_notices()
    _create_rights()


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)


def _account(**options: Any) -> sa.Column[Any]:
    return _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), **options)


def _create_locks() -> None:
    op.create_table(
        "papers",
        _account(primary_key=True),
        _required("kind", sa.String(16), primary_key=True),
        _optional("expires_on", sa.String(10), index=True),
        _required("known_at", _MOMENT),
    )
    op.create_table(
        "applied_events",
        _required("digest", sa.LargeBinary, primary_key=True),
        _required("applied_at", _MOMENT),
    )
    op.create_table(
        "unlock_permits",
        _account(primary_key=True),
        _required("given_by", sa.Uuid),
        _required("given_at", _MOMENT),
        _required("until", _MOMENT),
    )
    op.create_table(
        "authority_requests",
        _required("id", sa.Uuid, primary_key=True),
        _account(index=True),
        _required("change", sa.String(8)),
        _required("ground", sa.String(32)),
        _required("authority", sa.String(200)),
        _required("document", sa.String(64)),
        _required("matter_sealed", sa.LargeBinary),
        _required("state", sa.String(16), index=True),
        _required("received_at", _MOMENT),
        _required("forward_by", _MOMENT),
        _optional("forwarded_at", _MOMENT),
        _optional("decide_by", _MOMENT),
        _optional("decided_at", _MOMENT),
        _required("entered_by", sa.Uuid),
        _optional("decided_by", sa.Uuid),
        _optional("reasons_sealed", sa.LargeBinary),
        sa.CheckConstraint("change IN ('lock', 'unlock')", name="change"),
        sa.CheckConstraint(
            "state IN ('received', 'forwarded', 'agreed', 'refused')", name="state"
        ),
        sa.CheckConstraint("decided_by <> entered_by", name="two_officers"),
    )


def _create_notices() -> None:
    op.create_table(
        "logout_notices",
        _required("id", sa.Uuid, primary_key=True),
        _account(index=True),
        _required("client_id", sa.String(255), index=True),
        _optional("subject", sa.String(64)),
        _optional("sid", sa.String(64)),
        _required("attempts", sa.Integer),
        _required("due_at", _MOMENT, index=True),
    )
    op.create_table(
        "freeze_links",
        _required("digest", sa.LargeBinary, primary_key=True),
        _account(index=True),
        _required("created_at", _MOMENT),
        _required("expires_at", _MOMENT),
        _optional("used_at", _MOMENT),
    )


def _create_rights() -> None:
    op.create_table(
        "correction_requests",
        _required("id", sa.Uuid, primary_key=True),
        _account(index=True),
        _optional("text_sealed", sa.LargeBinary),
        _required("asked_at", _MOMENT),
        _required("due_at", _MOMENT),
        _optional("answered_at", _MOMENT),
        _optional("answered_by", sa.Uuid),
        _optional("answer_sealed", sa.LargeBinary),
    )
    op.create_table(
        "closings",
        _account(primary_key=True),
        _required("asked_at", _MOMENT),
        _required("due_at", _MOMENT, index=True),
    )
