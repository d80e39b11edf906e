"""Tables of staff: units, officers, what they may and by what they get in."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import blind, sealed
from idp.storage.database import Base

_ALIVE = sa.text("state <> 'disabled'")


class StaffUnit(Base):
    """An office that officers belong to; without a province it serves the country."""

    __tablename__ = "staff_units"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(sa.String(128), unique=True)
    province_code: Mapped[str | None] = mapped_column(sa.String(8))
    commune_code: Mapped[str | None] = mapped_column(sa.String(8))


class StaffAccount(Base):
    """An officer's account, of another kind than a citizen's.

    `number_index` is the keyed index of the officer's personal number, as citizens'
    numbers have it: nobody has two officers' accounts, or acts on their own case.
    """

    __tablename__ = "staff_accounts"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name_sealed: Mapped[bytes] = sealed("staff.name:{id}")
    number_sealed: Mapped[bytes] = sealed("staff.number:{id}")
    number_index: Mapped[bytes] = blind()
    email_sealed: Mapped[bytes | None] = sealed("staff.email:{id}")
    unit_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff_units.id"), index=True)
    state: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(sa.String(36))
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint("state IN ('invited', 'active', 'disabled')", name="state"),
        sa.Index(
            "uq_staff_accounts_number",
            "number_index",
            unique=True,
            postgresql_where=_ALIVE,
            sqlite_where=_ALIVE,
        ),
    )


class StaffRole(Base):
    """One role of one officer."""

    __tablename__ = "staff_roles"

    staff_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("staff_accounts.id"), primary_key=True
    )
    role: Mapped[str] = mapped_column(sa.String(32), primary_key=True)


class StaffPasskey(Base):
    """An officer's passkey; `held_at` says that its counter went back."""

    __tablename__ = "staff_passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    staff_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("staff_accounts.id"), index=True
    )
    webauthn_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)
    aaguid: Mapped[str] = mapped_column(sa.String(36))
    transports: Mapped[list[str]]
    is_backup_eligible: Mapped[bool]
    attestation: Mapped[str] = mapped_column(sa.String(32))
    label: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class StaffInvitation(Base):
    """A link to enrol the first passkey, once; of it only a digest is kept.

    With a `code_digest` the link alone opens nothing: its second half is a code that
    another administrator has.
    """

    __tablename__ = "staff_invitations"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("staff_accounts.id"), index=True
    )
    purpose: Mapped[str] = mapped_column(sa.String(16))
    code_digest: Mapped[bytes | None] = blind()
    wrong_codes: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StaffSession(Base):
    """An officer's sign-in in one browser; `proven_at` is the newest passkey proof."""

    __tablename__ = "staff_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    staff_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("staff_accounts.id"), index=True
    )
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    proven_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(sa.String(32))


class StaffRequest(Base):
    """What one administrator asks and a second one has to approve.

    Without `asked_by` it was asked by command on the server.
    """

    __tablename__ = "staff_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str] = mapped_column(sa.String(16))
    staff_id: Mapped[UUID] = mapped_column(sa.ForeignKey("staff_accounts.id"))
    roles: Mapped[list[str]]
    code_digest: Mapped[bytes | None] = blind()
    asked_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff_accounts.id"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(16))
    decided_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("staff_accounts.id"))
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint(
            "kind IN ('invite', 'roles', 'rescue', 'disable')", name="kind"
        ),
        sa.CheckConstraint("state IN ('open', 'approved', 'refused')", name="state"),
    )
