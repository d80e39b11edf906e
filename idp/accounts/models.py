"""Tables of accounts: personal values sealed, what is looked up by blind index."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import blind, sealed
from idp.storage.database import Base


class Account(Base):
    """A citizen's account (Decree 69/2024 art. 7, 9).

    Before `email_usable_from` a code to the address, which is new, proves nothing.
    """

    __tablename__ = "accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    state: Mapped[str] = mapped_column(sa.String(16))
    identity_sealed: Mapped[bytes] = sealed(
        "accounts.identity:{id}", "organisations.details:{id}"
    )
    phone_sealed: Mapped[bytes | None] = sealed("accounts.phone:{id}")
    phone_index: Mapped[bytes | None] = blind(unique=True)
    email_sealed: Mapped[bytes | None] = sealed("accounts.email:{id}")
    email_verified: Mapped[bool] = mapped_column(default=False)
    email_usable_from: Mapped[datetime | None]
    password_hash: Mapped[str | None] = mapped_column(sa.String(256))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    granted_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    restricted_at: Mapped[datetime | None]

    __table_args__ = (
        # 0 is an organisation: it has one account and no levels.
        sa.CheckConstraint("level IN (0, 1, 2)", name="level"),
        sa.CheckConstraint(
            "state IN ('submitted', 'in_review', 'granted', 'active', 'closed')",
            name="state",
        ),
    )


class PersonalNumber(Base):
    """A personal number that names or once named the account (alias history)."""

    __tablename__ = "personal_numbers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    number_sealed: Mapped[bytes] = sealed("personal_numbers.number:{id}")
    number_index: Mapped[bytes] = blind(unique=True)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]


class Lock(Base):
    """A ground that keeps the account from being used, and who asked (D69 art. 15)."""

    __tablename__ = "locks"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    ground: Mapped[str] = mapped_column(sa.String(32))
    asker: Mapped[str] = mapped_column(sa.String(64))
    placed_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class Paper(Base):
    """Until when a holder's paper is good: `card`, `passport` or `permit`."""

    __tablename__ = "papers"

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    expires_on: Mapped[str | None] = mapped_column(sa.String(10), index=True)
    known_at: Mapped[datetime]


class Representation(Base):
    """Who may act for whom: a guardian (holder of a level 2 account) for a ward.

    Until `confirms_until`, or as long as it lasts if that is empty, the ward's own
    sign-in needs the representative's confirmation (Decree 69/2024 art. 14.2).
    `ended_at` is when its end was written down: by somebody, or by the sweep of ages.
    """

    __tablename__ = "representations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    representative_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True
    )
    ward_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    relation: Mapped[str] = mapped_column(sa.String(32))
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    confirms_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PairwiseSubject(Base):
    """The random `sub` by which one sector knows the account (OIDC Core §8.1)."""

    __tablename__ = "pairwise_subjects"

    account_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("accounts.id"), primary_key=True
    )
    sector: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(64), unique=True)
