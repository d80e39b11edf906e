"""Tables of grants and refresh tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base

_LIVE = sa.text("ended_at IS NULL")
_LIVE_OWN = sa.text("ended_at IS NULL AND actor_id IS NULL")
_LIVE_ACTING = sa.text("ended_at IS NULL AND actor_id IS NOT NULL")


class Grant(Base):
    """What one citizen allows one client; at most one is live for the pair.

    `actor_id` is empty, or who gave it for the account's holder and acts for them; so
    there may be one more for each representative.
    """

    __tablename__ = "grants"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    client_id: Mapped[str] = mapped_column(
        sa.ForeignKey("relying_parties.client_id"), index=True
    )
    subject: Mapped[str] = mapped_column(sa.String(64))
    actor_id: Mapped[UUID | None] = mapped_column(index=True)
    actor_subject: Mapped[str | None] = mapped_column(sa.String(64))
    scopes: Mapped[list[str]]
    claims: Mapped[list[str]]
    refused: Mapped[list[str]]
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(sa.String(32))

    __table_args__ = (
        sa.Index(
            "uq_grants_live",
            "account_id",
            "client_id",
            unique=True,
            postgresql_where=_LIVE_OWN,
            sqlite_where=_LIVE_OWN,
        ),
        sa.Index(
            "uq_grants_acting",
            "account_id",
            "client_id",
            "actor_id",
            unique=True,
            postgresql_where=_LIVE_ACTING,
            sqlite_where=_LIVE_ACTING,
        ),
        sa.Index(
            "ix_grants_live_granted_at",
            "granted_at",
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
    )


class RefreshToken(Base):
    """One refresh token as a digest, with the sign-in that it descends from.

    `issued_at` is when it last brought tokens: one that is not replaced is issued anew.
    """

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("grants.id"), index=True)
    chain_id: Mapped[UUID] = mapped_column(index=True)
    client_id: Mapped[str] = mapped_column(sa.String(255))
    snapshot: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
