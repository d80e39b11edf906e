"""Every factor: passkeys, chip cards and their trust, recovery codes, held factors.

Revision ID: 0002
Revises: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC


def upgrade() -> None:
    op.add_column("credentials", _optional("usable_from", _MOMENT))
    _create_factors()
    _create_chip()


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)


def _of_credential() -> sa.Column[Any]:
    key = sa.ForeignKey("credentials.id")
    return _required("credential_id", sa.Uuid, key, primary_key=True)


def _create_factors() -> None:
    op.create_table(
        "passkeys",
        _of_credential(),
        _required("webauthn_id", sa.LargeBinary, unique=True),
        _required("public_key", sa.LargeBinary),
        _required("sign_count", sa.BigInteger),
        _required("aaguid", sa.String(36)),
        _required("transports", sa.JSON),
        _required("is_backup_eligible", sa.Boolean),
        _required("is_backed_up", sa.Boolean),
        _required("attestation", sa.String(32)),
    )
    op.create_table(
        "recovery_codes",
        _required("digest", sa.LargeBinary, primary_key=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("created_at", _MOMENT),
        _optional("used_at", _MOMENT),
    )
    op.create_table(
        "sandbox_letters",
        _required("id", sa.Integer, primary_key=True),
        _required("email", sa.String(254), index=True),
        _required("subject", sa.String(200)),
        _required("text", sa.Text),
        _required("sent_at", _MOMENT),
    )


def _create_chip() -> None:
    op.create_table(
        "chip_cards",
        _of_credential(),
        _required("key_digest", sa.LargeBinary, index=True),
        _required("document_index", sa.LargeBinary, index=True),
        _optional("expires_on", sa.String(10)),
    )
    op.create_table(
        "lost_cards",
        _required("document_index", sa.LargeBinary, primary_key=True),
        _required("ground", sa.String(16)),
        _required("reported_at", _MOMENT),
    )
    op.create_table(
        "chip_trust",
        _required("digest", sa.LargeBinary, primary_key=True),
        _required("kind", sa.String(8)),
        _required("country", sa.String(3), index=True),
        _required("content", sa.LargeBinary),
        _required("source", sa.String(128)),
        _required("imported_at", _MOMENT),
    )
