"""Tables of locks: events that were applied, requests and words of officers."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import sealed
from idp.storage.database import Base


class AppliedEvent(Base):
    """The digest of a registry's event that was applied, so that it is applied once."""

    __tablename__ = "applied_events"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    applied_at: Mapped[datetime]


class UnlockPermit(Base):
    """A hotline operator's word that the holder may open the account until a moment."""

    __tablename__ = "unlock_permits"

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True
    )
    given_by: Mapped[UUID]
    given_at: Mapped[datetime]
    until: Mapped[datetime]


class AuthorityRequest(Base):
    """A written request to lock or unlock an account, on a ground (D69 art. 15).

    Entered by one officer, forwarded, and decided by another; the officers are staff
    accounts. What it is about and why it was refused is sealed.
    """

    __tablename__ = "authority_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    change: Mapped[str] = mapped_column(sa.String(8))
    ground: Mapped[str] = mapped_column(sa.String(32))
    authority: Mapped[str] = mapped_column(sa.String(200))
    document: Mapped[str] = mapped_column(sa.String(64))
    matter_sealed: Mapped[bytes] = sealed("authority_requests.matter:{id}")
    state: Mapped[str] = mapped_column(sa.String(16), index=True)
    received_at: Mapped[datetime]
    forward_by: Mapped[datetime]
    forwarded_at: Mapped[datetime | None]
    decide_by: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    entered_by: Mapped[UUID]
    decided_by: Mapped[UUID | None]
    reasons_sealed: Mapped[bytes | None] = sealed("authority_requests.reasons:{id}")

    __table_args__ = (
        sa.CheckConstraint("change IN ('lock', 'unlock')", name="change"),
        sa.CheckConstraint(
            "state IN ('received', 'forwarded', 'agreed', 'refused')", name="state"
        ),
        sa.CheckConstraint("decided_by <> entered_by", name="two_officers"),
    )
