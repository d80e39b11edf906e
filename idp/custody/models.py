"""Tables of who has which key, and of keys that were killed."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.database import Base


class KeySet(Base):
    """A key set that was served, named by the digest of its bytes."""

    __tablename__ = "key_sets"

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    kids: Mapped[list[str]]


class KeySetFetch(Base):
    """When one client fetched one key set, by what we know that it was that client.

    The client is empty where nothing says who it was.
    """

    __tablename__ = "key_set_fetches"

    client_id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    via: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(sa.BigInteger)

    __table_args__ = (
        sa.CheckConstraint("via IN ('network', 'hint', 'nobody')", name="via"),
    )


class TokenReturn(Base):
    """The newest sign-in of which a client brought a token back.

    Whoever asks userinfo after it redeemed a code, or shows the ID token again at
    sign-out, took the ID token of `issued_at` for a good one.
    """

    __tablename__ = "token_returns"

    client_id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    issued_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class KeyIncident(Base):
    """A signing key that was killed, and what was decided about what it had signed.

    `grants` and `sessions` are the choice; `over_at` is when nothing was left to do.
    Ending them goes on from what was `reached` of a `step`; `found` are those that
    ended since the first step.
    """

    __tablename__ = "key_incidents"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kid: Mapped[str] = mapped_column(sa.String(64), unique=True)
    ring: Mapped[str] = mapped_column(sa.String(32))
    reason: Mapped[str] = mapped_column(sa.String(500))
    by: Mapped[str] = mapped_column(sa.String(36))
    signed_from: Mapped[datetime]
    killed_at: Mapped[datetime]
    jwks_max_age: Mapped[int]
    grants: Mapped[str] = mapped_column(sa.String(8))
    sessions: Mapped[str] = mapped_column(sa.String(8))
    grants_ended: Mapped[int] = mapped_column(default=0)
    sessions_ended: Mapped[int] = mapped_column(default=0)
    credentials_ended: Mapped[int] = mapped_column(default=0, server_default="0")
    step: Mapped[int] = mapped_column(sa.SmallInteger, default=0, server_default="0")
    reached: Mapped[str | None] = mapped_column(sa.String(36))
    found: Mapped[int] = mapped_column(default=0, server_default="0")
    over_at: Mapped[datetime | None]

    __table_args__ = (
        sa.CheckConstraint("grants IN ('rekey', 'revoke')", name="grants"),
        sa.CheckConstraint("sessions IN ('stay', 'end')", name="sessions"),
    )


class IncidentPortal(Base):
    """What one portal was told of a killed key, and whether it took the word.

    `notice_id` is the security event in its stream; `due_at` is when its contacts are
    written to, until `written_at`.
    """

    __tablename__ = "key_incident_portals"

    incident_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("key_incidents.id"), primary_key=True
    )
    client_id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    notice_id: Mapped[UUID | None] = mapped_column(unique=True)
    taken_at: Mapped[datetime | None]
    contacts: Mapped[int]
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    written_at: Mapped[datetime | None]


class KeyRefusal(Base):
    """How many tokens of a killed key were shown to us since, by their `typ`."""

    __tablename__ = "key_refusals"

    kid: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    typ: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(sa.BigInteger)
