"""Tables of enrolled credentials, known devices, chip trust and the sandbox outbox."""

from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from idp.storage.columns import blind, sealed
from idp.storage.database import Base


class Credential(Base):
    """An enrolled factor: `totp`, `sms`, `passkey`, `security_key` or `chip`.

    A security key is a passkey that shows presence only. Before `usable_from` the
    credential proves nothing: it is held back after a recovery or a change of phone.
    """

    __tablename__ = "credentials"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    label: Mapped[str] = mapped_column(sa.String(64))
    secret_sealed: Mapped[bytes | None] = sealed(
        "credentials.secret:{id}", "credentials.passcode:{id}"
    )
    last_counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    usable_from: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class Passkey(Base):
    """What a `passkey` or `security_key` credential adds (WebAuthn Level 3 §4)."""

    __tablename__ = "passkeys"

    credential_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("credentials.id"), primary_key=True
    )
    webauthn_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)
    aaguid: Mapped[str] = mapped_column(sa.String(36))
    transports: Mapped[list[str]]
    is_backup_eligible: Mapped[bool]
    is_backed_up: Mapped[bool]
    attestation: Mapped[str] = mapped_column(sa.String(32))


class ChipCard(Base):
    """What a `chip` credential adds: by which keys and number its card is known again.

    The access key, the dates and digests of what was read are the credential's sealed
    secret. `key_digest` is of the chip's own authentication keys, so one card serves
    one account; `document_index` is the blind index of document and personal number.
    """

    __tablename__ = "chip_cards"

    credential_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("credentials.id"), primary_key=True
    )
    key_digest: Mapped[bytes] = mapped_column(index=True)
    document_index: Mapped[bytes] = blind(index=True)
    expires_on: Mapped[str | None] = mapped_column(sa.String(10))


class LostCard(Base):
    """A card that proves nothing any more: those of this number issued until then."""

    __tablename__ = "lost_cards"

    document_index: Mapped[bytes] = blind(replaced=True, primary_key=True)
    ground: Mapped[str] = mapped_column(sa.String(16))
    reported_at: Mapped[datetime]


class ChipTrustItem(Base):
    """A CSCA certificate or CRL that cards are checked against, as imported."""

    __tablename__ = "chip_trust"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    country: Mapped[str] = mapped_column(sa.String(3), index=True)
    content: Mapped[bytes]
    source: Mapped[str] = mapped_column(sa.String(128))
    imported_at: Mapped[datetime]


class RecoveryCode(Base):
    """A single-use code for the day when nothing else is at hand; an HMAC alone."""

    __tablename__ = "recovery_codes"

    digest: Mapped[bytes] = blind(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class FreezeLink(Base):
    """The digest of a mailed link by which a holder freezes the account, once."""

    __tablename__ = "freeze_links"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class KnownDevice(Base):
    """A browser that once completed a sign-in; the cookie's digest."""

    __tablename__ = "known_devices"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class OutboxMessage(Base):
    """A text message that the sandbox gateway kept instead of sending it."""

    __tablename__ = "sandbox_outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(sa.String(16), index=True)
    text: Mapped[str] = mapped_column(sa.String(480))
    sent_at: Mapped[datetime]


class OutboxLetter(Base):
    """An e-mail that the sandbox kept instead of sending it."""

    __tablename__ = "sandbox_letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), index=True)
    subject: Mapped[str] = mapped_column(sa.String(200))
    text: Mapped[str] = mapped_column(sa.Text)
    sent_at: Mapped[datetime]
