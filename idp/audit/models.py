"""Tables of the audit log."""

import json
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.audit.named import OFFICER, PORTAL, Named
from idp.storage.columns import blind_forever, sealed
from idp.storage.database import Base


def _of(name: str, whom: Named) -> sa.Index:
    """Return PostgreSQL's index of the events that name such a one, by time."""
    index = sa.Index(
        f"ix_audit_events_{name}_at",
        sa.text(whom.expression),
        "at",
        postgresql_where=sa.text(whom.occurs),
    )
    return index.ddl_if(dialect="postgresql")


class AuditHead(Base):
    """The end of one chain; its row lock orders the appends of its shard."""

    __tablename__ = "audit_heads"

    month: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[bytes]


class AuditEvent(Base):
    """One event; `data` is canonical JSON text, exactly what was hashed.

    `number_index` is the blind index of the number of a person who had no account.
    """

    __tablename__ = "audit_events"

    month: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    type: Mapped[str] = mapped_column(sa.String(64))
    account_id: Mapped[UUID | None]
    data: Mapped[str] = mapped_column(sa.Text)
    personal_sealed: Mapped[bytes | None] = sealed(
        lambda row: f"audit.personal:{json.loads(row['data'])['personal']}"
    )
    number_index: Mapped[bytes | None] = blind_forever()
    previous_hash: Mapped[bytes]
    hash: Mapped[bytes]

    __table_args__ = (
        sa.Index("ix_audit_events_account_id_at", "account_id", "at"),
        sa.Index("ix_audit_events_at", "at"),
        sa.Index("ix_audit_events_type_at", "type", "at"),
        _of("officer", OFFICER),
        _of("portal", PORTAL),
        sa.Index(
            "ix_audit_events_number_index",
            "number_index",
            postgresql_where=sa.text("number_index IS NOT NULL"),
            sqlite_where=sa.text("number_index IS NOT NULL"),
        ),
    )


class SignedHeadRow(Base):
    """One signed head, as it is exported."""

    __tablename__ = "audit_signed_heads"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    jws: Mapped[str] = mapped_column(sa.Text)


class SignedChain(Base):
    """Where the newest signed heads see the end of a chain: what moved since is next.

    A chain of a month that was purged tells the head that said so.
    """

    __tablename__ = "audit_signed_chains"

    month: Mapped[str] = mapped_column(sa.String(7), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[bytes]
    purged_by: Mapped[int | None]


class AuditSink(Base):
    """How far one place outside the database has the signed heads.

    `failure` is of the last try, None after a good one.
    """

    __tablename__ = "audit_sinks"

    name: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    number: Mapped[int]
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(sa.String(200))
