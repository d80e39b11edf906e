"""Tables of rights: corrections that were asked for, and accounts that will close."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import sealed
from idp.storage.database import Base


class CorrectionRequest(Base):
    """What a holder finds wrong in their data, and what an officer answered."""

    __tablename__ = "correction_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    text_sealed: Mapped[bytes | None] = sealed("corrections.text:{id}")
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]
    answer_sealed: Mapped[bytes | None] = sealed("corrections.answer:{id}")


class Closing(Base):
    """A holder's wish to close the account, which they may take back until `due_at`."""

    __tablename__ = "closings"

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True
    )
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
