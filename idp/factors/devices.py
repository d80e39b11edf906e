"""Browsers that once completed a sign-in: each account knows them by its own mark.

One cookie carries a few marks, since families and counters share a computer. A mark is
random, kept as its digest, and proves nothing: it only opens a counter of its own in
`throttle`.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.factor_events import DeviceRemembered
from idp.audit.log import AuditLog
from idp.factors.models import KnownDevice

LIFETIME = timedelta(days=365)
_MARKS = 5
_MARK_LENGTH = 43  # 32 bytes in base64url
_SEPARATOR = "."


def remember(
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    *,
    cookie: str | None,
    now: datetime,
) -> str:
    """Return the cookie that marks this browser as known to the account.

    A mark that the cookie carries already is renewed; else a new one is put first and
    the oldest beyond five is left out.
    """
    known = find_known(session, cookie, account_id, now=now)
    if known is not None and cookie is not None:
        session.execute(
            sa.update(KnownDevice)
            .where(KnownDevice.digest == bytes.fromhex(known))
            .values(last_seen_at=now)
        )
        return cookie
    mark = secrets.token_urlsafe(32)
    session.add(
        KnownDevice(
            digest=_digest(mark),
            account_id=account_id,
            created_at=now,
            last_seen_at=now,
        )
    )
    audit.record(session, DeviceRemembered(account_id), now=now)
    return _SEPARATOR.join([mark, *_marks(cookie)][:_MARKS])


def find_known(
    connection: Connection | Session,
    cookie: str | None,
    account_id: UUID,
    *,
    now: datetime,
) -> str | None:
    """Return the digest (hex) by which this account knows the browser, or None."""
    digests = [_digest(mark) for mark in _marks(cookie)]
    if not digests:
        return None
    query = sa.select(KnownDevice.digest).where(
        KnownDevice.digest.in_(digests),
        KnownDevice.account_id == account_id,
        KnownDevice.last_seen_at > now - LIFETIME,
    )
    digest = connection.execute(query).scalars().first()
    return None if digest is None else digest.hex()


def _marks(cookie: str | None) -> list[str]:
    marks = (cookie or "")[: _MARKS * (_MARK_LENGTH + 1)].split(_SEPARATOR)
    return [mark for mark in marks if len(mark) == _MARK_LENGTH and mark.isascii()]


def _digest(mark: str) -> bytes:
    return sha256(mark.encode()).digest()
