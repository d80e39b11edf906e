"""Tables of figures: the history of use, and what was counted from it and from states.

`account_counts` and `dossier_counts` are written by triggers (migration 0008), so that
they hold whatever code changes a state; PostgreSQL appends differences, which wait for
nobody, and `counts.fold` adds them up.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base
from idp.storage.tables import FILLED_BY_SCHEMA

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's own row number


class UsageRecord(Base):
    """One use of an account at a portal, kept five years (Decree 59/2022 art. 21).

    It points at no account by foreign key: it outlives an account that was erased.
    """

    __tablename__ = "usage_history"

    id: Mapped[int] = mapped_column(_SERIAL, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    account_id: Mapped[UUID]
    client_id: Mapped[str] = mapped_column(sa.String(64))
    province_code: Mapped[str | None] = mapped_column(sa.String(8))
    outcome: Mapped[str] = mapped_column(sa.String(16))
    level: Mapped[int] = mapped_column(sa.SmallInteger)

    __table_args__ = (sa.Index("ix_usage_history_account_id_at", "account_id", "at"),)


class DailyUsage(Base):
    """Uses of one day, portal and province, counted when the day was over."""

    __tablename__ = "daily_usage"

    day: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    province_code: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    outcome: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    count: Mapped[int] = mapped_column(sa.BigInteger)


class CountedUpTo(Base):
    """The last day that was counted, of each kind of daily count."""

    __tablename__ = "counted_up_to"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    day: Mapped[str] = mapped_column(sa.String(10))


class FunnelCount(Base):
    """How often a step of signing in was reached on a day, or failed for a reason."""

    __tablename__ = "funnel_counts"

    day: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    stage: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    reason: Mapped[str] = mapped_column(sa.String(48), primary_key=True)
    count: Mapped[int] = mapped_column(sa.BigInteger)


class AccountCount(Base):
    """A difference in how many accounts of a level are in a state."""

    __tablename__ = "account_counts"
    __table_args__ = FILLED_BY_SCHEMA

    id: Mapped[int] = mapped_column(_SERIAL, primary_key=True)
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    state: Mapped[str] = mapped_column(sa.String(16))
    count: Mapped[int] = mapped_column(sa.BigInteger)


class DossierCount(Base):
    """A difference in how many dossiers of a kind and province are in a state."""

    __tablename__ = "dossier_counts"
    __table_args__ = FILLED_BY_SCHEMA

    id: Mapped[int] = mapped_column(_SERIAL, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    state: Mapped[str] = mapped_column(sa.String(16))
    province_code: Mapped[str] = mapped_column(sa.String(8))
    refusal: Mapped[str] = mapped_column(sa.String(32))
    count: Mapped[int] = mapped_column(sa.BigInteger)
