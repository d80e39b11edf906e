"""Officers' accounts: invited, given roles, moved, rescued, disabled."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.identifiers import number_index
from idp.audit.log import AuditLog
from idp.audit.staff_events import (
    StaffDisabled,
    StaffInvited,
    StaffMoved,
    StaffRolesChanged,
)
from idp.config.staff import StaffConfig
from idp.errors import NotFoundError
from idp.staff import invitations, own_case, passkeys, sessions
from idp.staff.errors import KnownOfficerError, StaffChangeError
from idp.staff.invitations import Link
from idp.staff.models import StaffAccount, StaffPasskey, StaffRole, StaffUnit
from idp.staff.officer import (
    ADMINISTRATOR,
    ROLES,
    Unit,
    open_name,
    seal_name,
    seal_number,
)
from idp.storage.columns import claim
from keys.sealing import Sealer

MAX_NAME = 128
TWO = 2  # administrators, who can approve each other's requests


@dataclass(frozen=True, slots=True)
class Person:
    """An officer as administrators see them."""

    id: UUID
    name: str
    unit: Unit
    state: str
    roles: tuple[str, ...]
    created_at: datetime
    created_by: str


def invite(  # noqa: PLR0913 - the stores, then the officer
    session: Session,
    audit: AuditLog,
    sealer: Sealer,
    *,
    name: str,
    number: str,
    unit_id: UUID,
    roles: Collection[str],
    by: str,
    now: datetime,
) -> UUID:
    """Open an officer's account; nobody signs in to it before a link was used.

    `number` is the officer's personal number: nobody has two accounts at a time, nor
    by a former number, for they would be both of the two that an act takes.
    """
    shown = " ".join(name.split())
    if not 0 < len(shown) <= MAX_NAME:
        raise StaffChangeError("an officer has a name of up to 128 characters")
    chosen, staff_id = sort_roles(roles), uuid4()
    if own_case.is_officer(session, sealer, number):
        raise KnownOfficerError("this person has an officer's account")
    row = StaffAccount(
        id=staff_id,
        name_sealed=seal_name(sealer, shown, staff_id),
        number_sealed=seal_number(sealer, number, staff_id),
        unit_id=unit_id,
        state="invited",
        created_at=now,
        created_by=by,
    )
    try:
        with session.begin_nested():
            row.number_index = claim(
                session,
                StaffAccount.number_index,
                number_index(sealer, number),
                StaffAccount.state != "disabled",
            )
            session.add(row)
    except sa.exc.IntegrityError as error:
        raise KnownOfficerError("this number has an officer's account") from error
    session.add_all(StaffRole(staff_id=staff_id, role=role) for role in chosen)
    audit.record(session, StaffInvited(staff_id, unit_id, chosen, by), now=now)
    return staff_id


def set_roles(  # noqa: PLR0913 - the stores, then whom, by whom
    session: Session,
    audit: AuditLog,
    staff_id: UUID,
    roles: Collection[str],
    *,
    by: str,
    now: datetime,
) -> None:
    """Give an officer exactly these roles, at once in live sessions too."""
    chosen = sort_roles(roles)
    _hold(session, staff_id)
    session.execute(sa.delete(StaffRole).where(StaffRole.staff_id == staff_id))
    session.add_all(StaffRole(staff_id=staff_id, role=role) for role in chosen)
    audit.record(session, StaffRolesChanged(staff_id, chosen, by), now=now)


def move(  # noqa: PLR0913 - the stores, then whom, by whom
    session: Session,
    audit: AuditLog,
    staff_id: UUID,
    unit_id: UUID,
    *,
    by: str,
    now: datetime,
) -> None:
    """Put an officer into another unit."""
    _hold(session, staff_id)
    session.execute(
        sa.update(StaffAccount)
        .where(StaffAccount.id == staff_id)
        .values(unit_id=unit_id)
    )
    audit.record(session, StaffMoved(staff_id, unit_id, by), now=now)


def disable(
    session: Session, audit: AuditLog, staff_id: UUID, *, by: str, now: datetime
) -> None:
    """End an officer's account for good, with sessions, passkeys and links."""
    _hold(session, staff_id)
    session.execute(
        sa.update(StaffAccount)
        .where(StaffAccount.id == staff_id)
        .values(state="disabled", disabled_at=now)
    )
    shut_out(session, audit, staff_id, reason="disabled", now=now)
    audit.record(session, StaffDisabled(staff_id, by), now=now)


def rescue(  # noqa: PLR0913 - the stores, then whom, by whom
    session: Session,
    audit: AuditLog,
    config: StaffConfig,
    staff_id: UUID,
    *,
    by: str,
    code: bytes | None = None,
    now: datetime,
) -> Link:
    """End the passkeys and sessions of an officer, and give a link to begin anew."""
    _hold(session, staff_id)
    shut_out(session, audit, staff_id, reason="rescue", now=now)
    return invitations.issue(
        session, audit, config, staff_id, "rescue", by=by, code=code, now=now
    )


def shut_out(
    session: Session, audit: AuditLog, staff_id: UUID, *, reason: str, now: datetime
) -> None:
    """End everything by which an officer could get in."""
    sessions.end_all(session, audit, staff_id, reason=reason, now=now)
    passkeys.retire_all(session, audit, staff_id, reason=reason, now=now)
    invitations.end_open(session, staff_id, now=now)


def list_people(connection: Connection | Session, sealer: Sealer) -> list[Person]:
    """Return every officer, oldest first."""
    return _people(connection, sealer, sa.true())


def find_person(
    connection: Connection | Session, sealer: Sealer, staff_id: UUID
) -> Person:
    """Return one officer."""
    found = _people(connection, sealer, StaffAccount.id == staff_id)
    if not found:
        raise NotFoundError("no such officer")
    return found[0]


def names(
    connection: Connection | Session, sealer: Sealer, staff_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return the names of these officers."""
    query = sa.select(StaffAccount.id, StaffAccount.name_sealed)
    rows = connection.execute(query.where(StaffAccount.id.in_(staff_ids)))
    return {row.id: open_name(sealer, row.name_sealed, row.id) for row in rows}


def is_bootstrap(connection: Connection | Session) -> bool:
    """Say whether there are not yet two administrators.

    Passkeys do not count: who has lost theirs does not open the command's way again.
    """
    return len(administrators(connection)) < TWO


def administrators(connection: Connection | Session) -> frozenset[UUID]:
    """Return who are administrators now, also who has lost every passkey."""
    query = (
        sa.select(StaffRole.staff_id)
        .join(StaffAccount, StaffAccount.id == StaffRole.staff_id)
        .where(StaffRole.role == ADMINISTRATOR, StaffAccount.state == "active")
    )
    return frozenset(connection.execute(query).scalars())


def with_passkey(
    connection: Connection | Session, staff_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Return who of these officers can sign in: with a passkey that works."""
    query = sa.select(StaffPasskey.staff_id).where(
        StaffPasskey.staff_id.in_(staff_ids),
        StaffPasskey.retired_at.is_(None),
        StaffPasskey.held_at.is_(None),
    )
    return frozenset(connection.execute(query).scalars())


def hold_administrators(session: Session) -> frozenset[UUID]:
    """Return the administrators, locked: parallel approvals see each other."""
    query = sa.select(StaffRole.staff_id).where(StaffRole.role == ADMINISTRATOR)
    session.execute(query.order_by(StaffRole.staff_id).with_for_update())
    return administrators(session)


def hold_roles(session: Session, staff_id: UUID) -> frozenset[str]:
    """Return an officer's roles, locked against parallel changes."""
    _hold(session, staff_id)
    query = sa.select(StaffRole.role).where(StaffRole.staff_id == staff_id)
    return frozenset(session.execute(query).scalars())


def _hold(session: Session, staff_id: UUID) -> None:
    """Lock the row against parallel changes; raises for one that is gone."""
    query = sa.select(StaffAccount.state).where(StaffAccount.id == staff_id)
    state = session.execute(query.with_for_update()).scalar_one_or_none()
    if state is None:
        raise NotFoundError("no such officer")
    if state == "disabled":
        raise StaffChangeError("this account is disabled")


def sort_roles(roles: Collection[str]) -> tuple[str, ...]:
    """Return the roles in the order of `ROLES`; raises for none and for others."""
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise StaffChangeError("name one role or more, of those that there are")
    return tuple(role for role in ROLES if role in roles)


def _people(
    connection: Connection | Session, sealer: Sealer, condition: sa.ColumnElement[bool]
) -> list[Person]:
    roles: dict[UUID, list[str]] = {}
    for row in connection.execute(sa.select(StaffRole.staff_id, StaffRole.role)):
        roles.setdefault(row.staff_id, []).append(row.role)
    query = (
        sa.select(
            StaffAccount.id.label("staff_id"),
            StaffAccount.name_sealed,
            StaffAccount.state,
            StaffAccount.created_at,
            StaffAccount.created_by,
            *StaffUnit.__table__.columns,
        )
        .join(StaffUnit, StaffUnit.id == StaffAccount.unit_id)
        .where(condition)
        .order_by(StaffAccount.created_at, StaffAccount.id)
    )
    return [
        Person(
            id=row.staff_id,
            name=open_name(sealer, row.name_sealed, row.staff_id),
            unit=Unit(row.id, row.name, row.province_code, row.commune_code),
            state=row.state,
            roles=tuple(role for role in ROLES if role in roles.get(row.staff_id, [])),
            created_at=row.created_at,
            created_by=row.created_by,
        )
        for row in connection.execute(query)
    ]
