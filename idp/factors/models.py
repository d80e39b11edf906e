"""Tables of enrolled credentials, known devices and the sandbox outbox."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class Credential(Base):
    """An enrolled factor: `totp` or `sms` (later `passkey`, `chip`)."""

    __tablename__ = "credentials"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    label: Mapped[str] = mapped_column(sa.String(64))
    secret_sealed: Mapped[bytes | None]
    last_counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class KnownDevice(Base):
    """A browser that once completed a sign-in; the cookie's digest."""

    __tablename__ = "known_devices"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class OutboxMessage(Base):
    """A message that the sandbox gateway kept instead of sending it."""

    __tablename__ = "sandbox_outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(sa.String(16), index=True)
    text: Mapped[str] = mapped_column(sa.String(480))
    sent_at: Mapped[datetime]
