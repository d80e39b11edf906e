"""Breaking the glass: one person acts alone, and everybody hears it.

The alarm comes first, in a transaction of its own: no act without it, and an attempt
that fails is heard as well. It stands on every officers' page until two of them have
acknowledged it. A database that was restored sounds one too: what was taken away since
its archive is there again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.approvals.models import BrokenGlass
from idp.approvals.proposals import LONGEST_SUBJECT, given_reason
from idp.audit.approval_events import GlassAcknowledged, GlassBroken
from idp.audit.log import AuditLog
from idp.config import Config
from idp.staff import letters
from idp.staff.errors import StaffChangeError
from idp.staff.officer import Officer

TOLD = ("security", "administrator")
RESTORED = "restore"
_SUBJECT = {
    "vi": "Định Danh: một việc cần hai người đã được làm một mình",
    "en": "Định Danh: one person did what takes two",
}
_TEXT = {
    "vi": "Một việc cần hai cán bộ vừa được thực hiện bằng lệnh trên máy chủ, không "
    "chờ người thứ hai.\n\nViệc: {act}\nĐối tượng: {subject}\nLý do: {reason}\n\nNếu "
    "bạn không biết việc này, hãy xem ngay: {address}\n",
    "en": "What takes two officers was just done by command on the server, without the "
    "second.\n\nWhat: {act}\nOf: {subject}\nReason: {reason}\n\nIf you do not "
    "know of it, look at once: {address}\n",
}


class Services(letters.Services, Protocol):
    """The part of the running provider that sounds the alarm."""

    @property
    def config(self) -> Config:
        """Return the settings."""

    @property
    def audit(self) -> AuditLog:
        """Return the audit log."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A glass that was broken, and who has acknowledged it so far."""

    id: UUID
    act: str
    subject: str
    reason: str
    at: datetime
    first_by: UUID | None
    second_by: UUID | None


def sound(
    services: Services, act: str, subject: str, reason: str, *, now: datetime
) -> int:
    """Write it down and to everybody; return how many letters went.

    The subject names what it was done to, a person by the account's id alone.
    """
    with services.database.transaction() as session:
        text = note(session, services.audit, act, subject, reason, now=now)
    language = services.config.pages.default_language
    address = f"{services.config.issuer}/staff/alarms"
    filled = _TEXT[language].format(
        act=act, subject=subject, reason=text, address=address
    )
    return letters.send(services, TOLD, _SUBJECT[language], filled, now=now)


def note(  # noqa: PLR0913 - the stores, then what was done to what
    session: Session,
    audit: AuditLog,
    act: str,
    subject: str,
    reason: str,
    *,
    now: datetime,
) -> str:
    """Put it on every officers' page and into the audit log; return the reason kept."""
    text, glass_id, named = given_reason(reason), uuid4(), subject[:LONGEST_SUBJECT]
    session.add(BrokenGlass(id=glass_id, act=act, subject=named, reason=text, at=now))
    audit.record(session, GlassBroken(glass_id, act, named, text), now=now)
    return text


def note_restored(
    session: Session, audit: AuditLog, made_at: datetime, *, now: datetime
) -> None:
    """Write into a restored database of which moment its archive was."""
    moment = f"{made_at:%Y-%m-%d %H:%M:%S} UTC"
    note(session, audit, RESTORED, moment, "idp restore", now=now)


def restored_from(connection: Connection | Session) -> list[str]:
    """Return the moments of archives whose restoring waits to be acknowledged."""
    return [one.subject for one in list_open(connection) if one.act == RESTORED]


def list_open(connection: Connection | Session) -> list[Alarm]:
    """Return what two officers have not acknowledged yet, oldest first."""
    query = _ALL.where(BrokenGlass.second_by.is_(None)).order_by(BrokenGlass.at)
    return [Alarm(**row._asdict()) for row in connection.execute(query)]


def acknowledge(
    session: Session,
    audit: AuditLog,
    officer: Officer,
    glass_id: UUID,
    *,
    now: datetime,
) -> None:
    """Note that this officer has seen it; the second of two ends the alarm."""
    glass = session.get(BrokenGlass, glass_id, with_for_update=True)
    if glass is None or glass.second_by or glass.first_by == officer.id:
        raise StaffChangeError("no such alarm waits for you")
    if glass.first_by is None:
        glass.first_by, glass.first_at = officer.id, now
    else:
        glass.second_by, glass.second_at = officer.id, now
    event = GlassAcknowledged(glass_id, str(officer.id))
    audit.record(session, event, now=now)


_ALL = sa.select(*(getattr(BrokenGlass, name) for name in Alarm.__slots__))
