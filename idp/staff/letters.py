"""Letters to officers, at the address that each gave under *My passkeys*."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.audit.staff_events import StaffAddressSet
from idp.factors.mail import MailError, MailGateway
from idp.staff.models import StaffAccount, StaffRole
from idp.storage.database import Database
from keys.sealing import Sealer

log = structlog.get_logger("idp.staff")


class Services(Protocol):
    """The part of the running provider that letters to officers need."""

    @property
    def database(self) -> Database:
        """Return the database."""

    @property
    def sealer(self) -> Sealer:
        """Return what opens the addresses."""

    @property
    def mail(self) -> MailGateway:
        """Return the gateway of e-mail."""


def set_address(  # noqa: PLR0913 - the stores, then whose address
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    staff_id: UUID,
    email: str,
    *,
    now: datetime,
) -> None:
    """Keep where an officer's letters go, in place of the former address."""
    sealed = sealer.seal(email.encode(), context=_context(staff_id)) if email else None
    session.execute(
        sa.update(StaffAccount)
        .where(StaffAccount.id == staff_id)
        .values(email_sealed=sealed)
    )
    audit.record(session, StaffAddressSet(staff_id), now=now)


def address_of(
    connection: Connection | Session, sealer: Sealer, staff_id: UUID
) -> str | None:
    """Return the officer's own address, or None."""
    query = sa.select(StaffAccount.email_sealed).where(StaffAccount.id == staff_id)
    sealed = connection.execute(query).scalar_one_or_none()
    return _open(sealer, sealed, staff_id) if sealed else None


def send(
    services: Services,
    roles: Collection[str],
    subject: str,
    text: str,
    *,
    now: datetime,
) -> int:
    """Write to every active officer of these roles; return how many letters went."""
    with services.database.read() as connection:
        found = _addresses(connection, services.sealer, roles)
    sent = 0
    for email in found:
        try:
            services.mail.send(email, subject, text, now)
        except MailError as error:
            log.warning("letter to an officer failed", detail=error.detail)
        else:
            sent += 1
    return sent


def _addresses(
    connection: Connection, sealer: Sealer, roles: Collection[str]
) -> list[str]:
    query = (
        sa.select(StaffAccount.id, StaffAccount.email_sealed)
        .where(
            StaffAccount.state == "active",
            StaffAccount.email_sealed.is_not(None),
            StaffAccount.id.in_(
                sa.select(StaffRole.staff_id).where(StaffRole.role.in_(roles))
            ),
        )
        .order_by(StaffAccount.id)
    )
    return [
        _open(sealer, row.email_sealed, row.id) for row in connection.execute(query)
    ]


def _open(sealer: Sealer, sealed: bytes, staff_id: UUID) -> str:
    return sealer.open(sealed, context=_context(staff_id)).decode()


def _context(staff_id: UUID) -> str:
    return f"staff.email:{staff_id}"
