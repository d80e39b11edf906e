"""The register of credentials: a place in a status list for each, and its status.

A credential is invalid once it was taken back, which is for good (`ending` says by
what); it is suspended while its holder restricts processing, which is read from the
account itself when a list is written. A place is drawn at random, so that it tells
nothing of when it was given.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from idp.accounts.models import Account
from idp.audit.credential_events import WalletCredentialsRevoked
from idp.audit.log import AuditLog
from idp.credentials.models import WalletCredential
from idp.credentials.status_list import INVALID, SUSPENDED
from idp.errors import IdpError
from idp.storage.prepared import Prepared

LEVEL = 2  # residence is opened by a level 2 account alone (Decree 69/2024 art. 9)
AUTHENTICATION_LEVEL = 2  # what lasts is not given for a password (art. 20)
ACR = f"urn:dinhdanh:acr:{LEVEL}.{AUTHENTICATION_LEVEL}"
_DRAWS = 64  # half of the places are free: 64 misses in a row do not happen

_HELD = cast("sa.Table", WalletCredential.__table__)
_ACCOUNTS = cast("sa.Table", Account.__table__)
# Asked at the end of each grant, of which a kill ends millions: few have any.
_OF_GRANT = Prepared(
    sa.select(_HELD.c.id)
    .where(
        _HELD.c.account_id == sa.bindparam("holder_id", type_=sa.Uuid()),
        _HELD.c.grant_id == sa.bindparam("of_grant", type_=sa.Uuid()),
        _HELD.c.revoked_at.is_(None),
    )
    .limit(sa.literal_column("1"))
)


class NoPlaceError(IdpError):
    """No free place was drawn in a status list."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True, slots=True)
class Position:
    """A place: which list, and where in it."""

    list_number: int
    index: int


def allot(  # noqa: PLR0913 - whose it is, where it goes, from when until when
    session: Session,
    account_id: UUID,
    grant_id: UUID,
    *,
    number: int,
    size: int,
    now: datetime,
    until: datetime,
) -> Position:
    """Give a new credential its place; of two that draw the same one draws again."""
    for _ in range(_DRAWS):
        index = secrets.randbelow(size)
        try:
            with session.begin_nested():
                session.execute(
                    sa.insert(_HELD).values(
                        id=uuid4(),
                        account_id=account_id,
                        grant_id=grant_id,
                        list_number=number,
                        list_index=index,
                        issued_at=now,
                        expires_at=until,
                        kid="",
                    )
                )
        except IntegrityError:
            continue
        return Position(number, index)
    raise NoPlaceError


def note_key(session: Session, number: int, indexes: Sequence[int], kid: str) -> None:
    """Note which key has signed what was allotted in this transaction."""
    session.execute(
        sa.update(_HELD)
        .where(_HELD.c.list_number == number, _HELD.c.list_index.in_(indexes))
        .values(kid=kid)
    )


def revoke(  # noqa: PLR0913 - the stores, then what is taken back
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    reason: str,
    *,
    now: datetime,
    grant_id: UUID | None = None,
    kid: str | None = None,
) -> int:
    """Take back what still holds, of the account, one grant, or one key; count it."""
    asked = {"holder_id": account_id, "of_grant": grant_id}
    if grant_id is not None and _OF_GRANT.find(session, asked) is None:
        return 0
    of_grant = _HELD.c.grant_id == grant_id if grant_id else sa.true()
    of_key = _HELD.c.kid == kid if kid else sa.true()
    which = sa.and_(of_grant, of_key)
    return _take_back(session, audit, account_id, reason, which, now)


def holds(kid: str, now: datetime) -> sa.ColumnElement[bool]:
    """Return the condition of credentials that a key has signed and that hold."""
    return sa.and_(
        _HELD.c.kid == kid, _HELD.c.revoked_at.is_(None), _HELD.c.expires_at > now
    )


def make_room(  # noqa: PLR0913 - the stores, then how much room
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    *,
    wanted: int,
    most: int,
    now: datetime,
) -> None:
    """Forget what expired, and take the oldest back that would be too many."""
    of_account = _HELD.c.account_id == account_id
    session.execute(sa.delete(_HELD).where(of_account, _HELD.c.expires_at <= now))
    newest_first = (
        sa.select(_HELD.c.id)
        .where(of_account, _HELD.c.revoked_at.is_(None))
        .order_by(_HELD.c.issued_at.desc(), _HELD.c.id)
        .offset(max(0, most - wanted))
    )
    too_many = session.execute(newest_first).scalars().all()
    if too_many:
        which = _HELD.c.id.in_(too_many)
        _take_back(session, audit, account_id, "too_many", which, now)


def open_list(session: Session, size: int) -> int:
    """Return the newest list, or the next one once half of it is used.

    It is counted once for a whole answer, so that a list may hold a few more.
    """
    newest = session.execute(sa.select(sa.func.max(_HELD.c.list_number))).scalar() or 0
    used = session.execute(
        sa.select(sa.func.count()).where(_HELD.c.list_number == newest)
    ).scalar_one()
    return newest if used < size // 2 else newest + 1


def _take_back(  # noqa: PLR0913, PLR0917 - the stores, then what is taken back
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    reason: str,
    which: sa.ColumnElement[bool],
    now: datetime,
) -> int:
    taken = session.execute(
        sa.update(_HELD)
        .where(
            _HELD.c.account_id == account_id,
            which,
            _HELD.c.revoked_at.is_(None),
            _HELD.c.expires_at > now,
        )
        .values(revoked_at=now)
        .returning(_HELD.c.id)
    ).all()
    if taken:
        event = WalletCredentialsRevoked(account_id, len(taken), reason)
        audit.record(session, event, now=now)
    return len(taken)


def statuses(connection: Connection, number: int, *, now: datetime) -> dict[int, int]:
    """Return who of a list is not valid, by index."""
    is_invalid = _HELD.c.revoked_at.is_not(None)
    rows = connection.execute(
        sa.select(_HELD.c.list_index, is_invalid.label("is_invalid"))
        .join_from(_HELD, _ACCOUNTS, _ACCOUNTS.c.id == _HELD.c.account_id)
        .where(
            _HELD.c.list_number == number,
            _HELD.c.expires_at > now,
            sa.or_(is_invalid, _ACCOUNTS.c.restricted_at.is_not(None)),
        )
    )
    return {row.list_index: INVALID if row.is_invalid else SUSPENDED for row in rows}


def exists(connection: Connection, number: int) -> bool:
    """Say whether a list has ever been used; the first is always there."""
    known = sa.select(_HELD.c.id).where(_HELD.c.list_number == number).limit(1)
    return number == 0 or connection.execute(known).first() is not None
