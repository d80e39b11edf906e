"""Tables of organisations and of who belongs to them."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import blind, sealed
from idp.storage.database import Base

_OPEN = sa.text("ended_at IS NULL")


class Organisation(Base):
    """An organisation (Decree 69/2024 art. 12); its account is the row of the same id.

    What the register says of it is sealed in the account's `identity_sealed`; the
    account has level 0, which stands for none.
    """

    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), primary_key=True)
    tax_index: Mapped[bytes | None] = blind(unique=True)
    filed_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    filed_at: Mapped[datetime]


class Membership(Base):
    """Who belongs to an organisation, and from when to when they may act for it.

    A person is invited by number, whether or not anybody has it here; `account_id` is
    whoever accepted.
    """

    __tablename__ = "memberships"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organisation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("organisations.id"), index=True
    )
    account_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True
    )
    number_index: Mapped[bytes] = blind(index=True)
    number_sealed: Mapped[bytes] = sealed("memberships.number:{id}")
    role: Mapped[str] = mapped_column(sa.String(32))
    mandate_sealed: Mapped[bytes | None] = sealed("memberships.mandate:{id}")
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    invited_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index(
            "uq_memberships_open",
            "organisation_id",
            "number_index",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        sa.CheckConstraint(
            "role IN ('legal_representative', 'authorised_person', 'member')",
            name="role",
        ),
    )
