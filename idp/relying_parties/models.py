"""Tables of registered relying parties."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class RelyingPartyRecord(Base):
    """One registered client: RFC 7591 metadata, and our own policy beside it."""

    __tablename__ = "relying_parties"

    client_id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    document: Mapped[dict[str, Any]]
    policy: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    suspension: Mapped[str | None] = mapped_column(sa.Text)


class ClientSecret(Base):
    """A client secret as HMAC under a server key; several may overlap."""

    __tablename__ = "client_secrets"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    client_id: Mapped[str] = mapped_column(
        sa.ForeignKey("relying_parties.client_id"), index=True
    )
    digest: Mapped[bytes]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class InitialToken(Base):
    """A right to register clients, as an operator approved it (RFC 7591 §3)."""

    __tablename__ = "initial_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    digest: Mapped[bytes] = mapped_column(unique=True)
    approved: Mapped[dict[str, Any]]
    uses_left: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class RegistrationToken(Base):
    """What lets a client manage itself, as far as was approved (RFC 7592 §3)."""

    __tablename__ = "registration_tokens"

    client_id: Mapped[str] = mapped_column(
        sa.ForeignKey("relying_parties.client_id"), primary_key=True
    )
    digest: Mapped[bytes]
    approved: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
