"""The first schema: accounts, factors, sessions, relying parties, consent, keys, audit.

Revision ID: 0001
Revises: none, the database is empty
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_MOMENT = sa.BigInteger  # microseconds since the epoch, UTC
_LIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    _create_accounts()
    _create_factors()
    _create_sessions()
    _create_relying_parties()
    _create_consent()
    _create_registry()
    _create_keys()
    _create_audit()


def _required(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False, **options)


def _optional(name: str, kind: Any, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=True, **options)


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        _required("id", sa.Uuid, primary_key=True),
        _required("level", sa.SmallInteger),
        _required("state", sa.String(16)),
        _required("identity_sealed", sa.LargeBinary),
        _optional("phone_sealed", sa.LargeBinary),
        _optional("phone_index", sa.LargeBinary, unique=True),
        _optional("email_sealed", sa.LargeBinary),
        _required("email_verified", sa.Boolean),
        _optional("password_hash", sa.String(256)),
        _required("created_at", _MOMENT),
        _required("updated_at", _MOMENT),
        _optional("granted_at", _MOMENT),
        _optional("activated_at", _MOMENT),
        sa.CheckConstraint(
            "state IN ('submitted', 'in_review', 'granted', 'active')",
            name="state",
        ),
        sa.CheckConstraint("level IN (1, 2)", name="level"),
    )
    op.create_table(
        "personal_numbers",
        _required("id", sa.Uuid, primary_key=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("number_sealed", sa.LargeBinary),
        _required("number_index", sa.LargeBinary, unique=True),
        _required("valid_from", _MOMENT),
        _optional("valid_until", _MOMENT),
    )
    op.create_table(
        "locks",
        _required("id", sa.Uuid, primary_key=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("ground", sa.String(32)),
        _required("asker", sa.String(64)),
        _required("placed_at", _MOMENT),
        _optional("lifted_at", _MOMENT),
    )
    op.create_table(
        "representations",
        _required("id", sa.Uuid, primary_key=True),
        _required(
            "representative_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True
        ),
        _required("ward_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("relation", sa.String(32)),
        _required("since", _MOMENT),
        _optional("until", _MOMENT),
    )
    op.create_table(
        "pairwise_subjects",
        _required(
            "account_id", sa.Uuid, sa.ForeignKey("accounts.id"), primary_key=True
        ),
        _required("sector", sa.String(255), primary_key=True),
        _required("subject", sa.String(64), unique=True),
    )


def _create_factors() -> None:
    op.create_table(
        "credentials",
        _required("id", sa.Uuid, primary_key=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("kind", sa.String(16)),
        _required("label", sa.String(64)),
        _optional("secret_sealed", sa.LargeBinary),
        _optional("last_counter", sa.BigInteger),
        _required("created_at", _MOMENT),
        _optional("last_used_at", _MOMENT),
        _optional("retired_at", _MOMENT),
    )
    op.create_table(
        "known_devices",
        _required("digest", sa.LargeBinary, primary_key=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("created_at", _MOMENT),
        _required("last_seen_at", _MOMENT),
    )
    op.create_table(
        "sandbox_outbox",
        _required("id", sa.Integer, primary_key=True),
        _required("phone", sa.String(16), index=True),
        _required("text", sa.String(480)),
        _required("sent_at", _MOMENT),
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        _required("id", sa.Uuid, primary_key=True),
        _required("token_digest", sa.LargeBinary, unique=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required("events", sa.JSON),
        _required("client_ids", sa.JSON),
        _required("origin_sealed", sa.LargeBinary),
        _required("started_at", _MOMENT),
        _required("last_seen_at", _MOMENT),
        _optional("ended_at", _MOMENT),
        _optional("end_reason", sa.String(32)),
    )


def _create_relying_parties() -> None:
    op.create_table(
        "relying_parties",
        _required("client_id", sa.String(255), primary_key=True),
        _required("document", sa.JSON),
        _required("policy", sa.JSON),
        _required("created_at", _MOMENT),
        _required("updated_at", _MOMENT),
        _optional("removed_at", _MOMENT),
    )
    op.create_table(
        "client_secrets",
        _required("id", sa.Uuid, primary_key=True),
        _required(
            "client_id",
            sa.String(255),
            sa.ForeignKey("relying_parties.client_id"),
            index=True,
        ),
        _required("digest", sa.LargeBinary),
        _required("created_at", _MOMENT),
        _optional("expires_at", _MOMENT),
    )


def _create_consent() -> None:
    op.create_table(
        "grants",
        _required("id", sa.Uuid, primary_key=True),
        _required("account_id", sa.Uuid, sa.ForeignKey("accounts.id"), index=True),
        _required(
            "client_id",
            sa.String(255),
            sa.ForeignKey("relying_parties.client_id"),
            index=True,
        ),
        _required("subject", sa.String(64)),
        _required("scopes", sa.JSON),
        _required("claims", sa.JSON),
        _required("refused", sa.JSON),
        _required("granted_at", _MOMENT),
        _required("expires_at", _MOMENT),
        _optional("ended_at", _MOMENT),
        _optional("end_reason", sa.String(32)),
    )
    op.create_index(
        "uq_grants_live",
        "grants",
        ["account_id", "client_id"],
        unique=True,
        postgresql_where=_LIVE,
        sqlite_where=_LIVE,
    )
    op.create_table(
        "refresh_tokens",
        _required("digest", sa.LargeBinary, primary_key=True),
        _required("grant_id", sa.Uuid, sa.ForeignKey("grants.id"), index=True),
        _required("chain_id", sa.Uuid, index=True),
        _required("client_id", sa.String(255)),
        _required("snapshot", sa.JSON),
        _required("issued_at", _MOMENT),
        _required("expires_at", _MOMENT),
        _optional("used_at", _MOMENT),
    )


def _create_registry() -> None:
    op.create_table(
        "registry_records",
        _required("number_index", sa.LargeBinary, primary_key=True),
        _required("record_sealed", sa.LargeBinary),
        _required("as_of", _MOMENT),
    )


def _create_keys() -> None:
    op.create_table(
        "signing_keys",
        _required("kid", sa.String(64), primary_key=True),
        _required("ring", sa.String(16), index=True),
        _required("public_jwk", sa.JSON),
        _optional("private_sealed", sa.LargeBinary),
        _required("published_at", _MOMENT),
        _required("activates_at", _MOMENT),
        _optional("retired_at", _MOMENT),
        _optional("destroyed_at", _MOMENT),
    )
    op.create_table(
        "server_secrets",
        _required("name", sa.String(32), primary_key=True),
        _required("sealed", sa.LargeBinary),
        _required("created_at", _MOMENT),
    )


def _create_audit() -> None:
    op.create_table(
        "audit_heads",
        _required("month", sa.String(7), primary_key=True),
        _required("shard", sa.Integer, primary_key=True, autoincrement=False),
        _required("seq", sa.Integer),
        _required("hash", sa.LargeBinary),
    )
    op.create_table(
        "audit_events",
        _required("month", sa.String(7), primary_key=True),
        _required("shard", sa.Integer, primary_key=True, autoincrement=False),
        _required("seq", sa.Integer, primary_key=True, autoincrement=False),
        _required("at", _MOMENT),
        _required("type", sa.String(64)),
        _optional("account_id", sa.Uuid),
        _required("data", sa.Text),
        _optional("personal_sealed", sa.LargeBinary),
        _required("previous_hash", sa.LargeBinary),
        _required("hash", sa.LargeBinary),
    )
    op.create_index(
        "ix_audit_events_account_id_at", "audit_events", ["account_id", "at"]
    )
