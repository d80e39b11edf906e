"""Tables of sessions and of what portals are told when they end."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import sealed
from idp.storage.database import Base


class SessionRecord(Base):
    """A browser's sign-in: authentication events, and the portals it reached.

    `confirmed_by` is the representative who confirmed a ward's sign-in.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    events: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON)
    client_ids: Mapped[list[str]]
    origin_sealed: Mapped[bytes] = sealed("session-origin:{id}")
    at_counter: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(sa.String(32))
    confirmed_by: Mapped[UUID | None]

    __table_args__ = (
        # Both columns of it stay while a session lives: to touch one costs no index.
        sa.Index(
            "ix_sessions_open_started_at",
            "started_at",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        ),
    )


class LogoutNotice(Base):
    """That a portal must be told of a sign-out; it goes once the portal has heard it.

    Without a `sid` every session of the subject ends there, and without a subject the
    one session, whoever it was for (Back-Channel Logout §2.4). `last_answer` is what
    came back of the last attempt: a status, or the class of what went wrong.
    """

    __tablename__ = "logout_notices"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    client_id: Mapped[str] = mapped_column(sa.String(255), index=True)
    subject: Mapped[str | None] = mapped_column(sa.String(64))
    sid: Mapped[str | None] = mapped_column(sa.String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(index=True)
    last_answer: Mapped[str | None] = mapped_column(sa.String(64))
