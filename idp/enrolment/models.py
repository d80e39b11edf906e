"""The table of dossiers: what was asked for, when it is due, what became of it."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import blind, sealed
from idp.storage.database import Base

_OPEN = sa.text("state IN ('submitted', 'in_review')")


class Dossier(Base):
    """One application for an account or a higher level (Decree 69/2024 art. 10–13).

    `evidence_sealed` holds who was named and how it was checked. `filed_by` is the
    account of a representative, `officer_id` the officer at whose desk it was filed,
    `reviewer_id` the one who has taken it to decide. `external_id_index` keeps an
    import from taking one dossier twice. `notified_at` says that the applicant was told
    of the decision.
    """

    __tablename__ = "dossiers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("accounts.id"), index=True
    )
    organisation_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(sa.String(32))
    channel: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(16))
    receipt: Mapped[str] = mapped_column(sa.String(16), unique=True)
    submitted_at: Mapped[datetime]
    due_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(sa.String(64))
    refusal: Mapped[str | None] = mapped_column(sa.String(32))
    notified_at: Mapped[datetime | None]
    filed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    officer_id: Mapped[UUID | None]
    reviewer_id: Mapped[UUID | None]
    unit_id: Mapped[UUID | None]
    province_code: Mapped[str | None] = mapped_column(sa.String(8))
    evidence_sealed: Mapped[bytes] = sealed("dossiers.evidence:{id}")
    consent_version: Mapped[str | None] = mapped_column(sa.String(32))
    consented_at: Mapped[datetime | None]
    external_id_index: Mapped[bytes | None] = blind(unique=True)

    __table_args__ = (
        sa.CheckConstraint(
            "state IN ('submitted', 'in_review', 'granted', 'refused', 'withdrawn')",
            name="state",
        ),
        sa.Index("ix_dossiers_queue", "state", "due_at"),
        # Few dossiers are of an organisation or filed by somebody else.
        sa.Index(
            "ix_dossiers_organisation_id",
            "organisation_id",
            postgresql_where=sa.text("organisation_id IS NOT NULL"),
            sqlite_where=sa.text("organisation_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_dossiers_filed_by",
            "filed_by",
            postgresql_where=sa.text("filed_by IS NOT NULL"),
            sqlite_where=sa.text("filed_by IS NOT NULL"),
        ),
        # An account, or an organisation, has one open dossier at a time.
        sa.Index(
            "uq_dossiers_open_account",
            "account_id",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        sa.Index(
            "uq_dossiers_open_organisation",
            "organisation_id",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
    )
