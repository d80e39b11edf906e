"""Tables of the two-person rule: proposals, and the alarms of who did not wait."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class Proposal(Base):
    """What one officer proposes and another has to approve.

    Without `asked_by` it came by command and no officer stands behind it yet; `error`
    says why an approval could not be carried out.
    """

    __tablename__ = "staff_proposals"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(sa.String(32))
    subject: Mapped[str] = mapped_column(sa.String(255))
    payload: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(sa.Text)
    is_by_command: Mapped[bool]
    asked_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff_accounts.id"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(16))
    decided_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff_accounts.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(sa.Text)
    error: Mapped[str] = mapped_column(sa.Text)

    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'refused', 'withdrawn')", name="state"
        ),
        sa.Index("ix_staff_proposals_state", "state", "asked_at"),
    )


class BrokenGlass(Base):
    """What was done by command without a second person; two officers acknowledge it."""

    __tablename__ = "broken_glasses"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    act: Mapped[str] = mapped_column(sa.String(64))
    subject: Mapped[str] = mapped_column(sa.String(255))
    reason: Mapped[str] = mapped_column(sa.Text)
    at: Mapped[datetime]
    first_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff_accounts.id"))
    first_at: Mapped[datetime | None]
    second_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff_accounts.id"))
    second_at: Mapped[datetime | None]
