"""The table of issued credentials: whose each is, and its place in a status list."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class WalletCredential(Base):
    """A credential that a wallet holds: which key signed it, and nothing it says."""

    __tablename__ = "wallet_credentials"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    grant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("grants.id"), index=True)
    list_number: Mapped[int]
    list_index: Mapped[int]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    kid: Mapped[str] = mapped_column(sa.String(64), server_default="")

    __table_args__ = (
        sa.UniqueConstraint("list_number", "list_index"),
        sa.Index("ix_wallet_credentials_kid", "kid", "account_id"),
    )
