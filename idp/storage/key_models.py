"""Tables of the key rings and of the server's symmetric secrets."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class KeyRecord(Base):
    """One signing key of a ring: public part, sealed private part, its clock."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    ring: Mapped[str] = mapped_column(sa.String(16), index=True)
    public_jwk: Mapped[dict[str, Any]]
    private_sealed: Mapped[bytes | None]
    published_at: Mapped[datetime]
    activates_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]


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
