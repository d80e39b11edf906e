"""Tables of the key rings and of the server's symmetric secrets."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class KeyRecord(Base):
    """One signing key of a ring: public part, sealed private part, its clock."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        sa.CheckConstraint(
            "private_sealed IS NULL OR handle IS NULL", name="one_place"
        ),
        sa.CheckConstraint(
            "(published_at IS NULL) = (activates_at IS NULL)", name="published"
        ),
        sa.CheckConstraint("activates_at >= published_at", name="lead"),
        sa.CheckConstraint("retired_at > activates_at", name="retired"),
        sa.CheckConstraint(
            "destroyed_at IS NULL OR private_sealed IS NULL", name="destroyed"
        ),
        sa.CheckConstraint(
            "compromised_at IS NULL OR destroyed_at IS NOT NULL", name="compromised"
        ),
    )

    kid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    ring: Mapped[str] = mapped_column(sa.String(32), index=True)
    public_jwk: Mapped[dict[str, Any]]
    private_sealed: Mapped[bytes | None]
    handle: Mapped[str | None] = mapped_column(sa.String(1000))
    generated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    activates_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]
    compromised_at: Mapped[datetime | None]


class SecretRecord(Base):
    """A symmetric secret of the server, sealed under the key-encryption key.

    Those that seal and index columns have versions: `seal`, `seal.2` and so on. A later
    one is in use from `activated_at` on; a destroyed one leaves `sealed` empty.
    """

    __tablename__ = "server_secrets"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]
