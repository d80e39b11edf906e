"""Tables of streams, and of the security events that wait in them."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import sealed
from idp.storage.database import Base


class SignalStream(Base):
    """What one portal wants to hear, and how: by push to an endpoint, or by polling."""

    __tablename__ = "signal_streams"

    client_id: Mapped[str] = mapped_column(
        sa.ForeignKey("relying_parties.client_id"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    endpoint_url: Mapped[str | None] = mapped_column(sa.String(2000))
    authorization_sealed: Mapped[bytes | None] = sealed(
        "signal_streams.authorization:{id}"
    )
    events: Mapped[list[str]]
    description: Mapped[str | None] = mapped_column(sa.String(300))
    status: Mapped[str] = mapped_column(sa.String(8), default="enabled")
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('enabled', 'paused', 'disabled')", name="status"
        ),
    )


class SignalNotice(Base):
    """One event that a portal must be told of; it goes once the portal has heard it.

    Without `due_at` it waits to be polled, or for a paused stream to go on. `subject`
    is a subject identifier (RFC 9493); a verification is of no account.
    """

    __tablename__ = "signal_notices"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True
    )
    client_id: Mapped[str] = mapped_column(sa.String(255), index=True)
    subject: Mapped[dict[str, Any]]
    event: Mapped[str] = mapped_column(sa.String(128))
    members: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    last_answer: Mapped[str | None] = mapped_column(sa.String(64))
