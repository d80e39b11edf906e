"""Give up the rows of old months, so that the chains stay provable without them.

A month goes whole: its chains are proven, a signed head says for good where they ended
(`heads.sign_purged`), and only then the rows are deleted, in portions. A month that is
not whole stays: what was done to it could never be found again.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.audit import heads
from idp.audit.checkpoints import Checkpoints
from idp.audit.figure_events import EventsPurged
from idp.audit.log import AuditLog
from idp.audit.models import AuditEvent, AuditHead, SignedChain
from idp.audit.proof import stored
from idp.audit.stream import Span
from idp.audit.verification import verify
from idp.errors import IdpError
from keys.sealing import Sealer

PORTION = 5000
_EVENTS: Any = AuditEvent.__table__


class BrokenLogError(IdpError):
    """A month that is over is not whole, so that nothing of it is given up."""


class Services(heads.Services, Protocol):
    """The part of the running provider that giving up months needs."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    def sealer(self) -> Sealer:
        """What opens sealed values."""


def count(connection: Connection, before: str) -> int:
    """Return how many events there are of months before that one."""
    told = sa.select(sa.func.sum(AuditHead.seq)).where(AuditHead.month < before)
    gone = sa.select(sa.func.sum(SignedChain.seq)).where(
        SignedChain.month < before, SignedChain.purged_by.is_not(None)
    )
    return (connection.scalar(told) or 0) - (connection.scalar(gone) or 0)


def purge(services: Services, before: str, *, now: datetime) -> int:
    """Give up all months before that one; return how many rows were deleted."""
    for month in _whole_months(services, before):
        heads.sign_purged(services, month, now=now)
    rows = 0
    while deleted := _delete_portion(services, before, now):
        rows += deleted
    return rows


def _whole_months(services: Services, before: str) -> Iterator[str]:
    """Yield each month that is not yet given up, once it is proven."""
    with services.database.read() as connection:
        given_up = sa.select(SignedChain.month).where(
            SignedChain.purged_by.is_not(None)
        )
        query = sa.select(AuditHead.month).where(
            AuditHead.month < before, AuditHead.month.not_in(given_up)
        )
        months = sorted(connection.execute(query.distinct()).scalars())
    if not months:
        return
    with closing(_checkpoints(services)) as checkpoints:
        for month in months:
            with services.database.snapshot() as connection:
                report = verify(
                    connection,
                    services.sealer,
                    checkpoints=checkpoints,
                    span=Span(month, month),
                )
            if report.faults:
                raise BrokenLogError(f"the audit log of {month} is not whole")
            yield month


def _checkpoints(services: Services) -> Checkpoints:
    with services.database.snapshot() as connection:
        checkpoints, broken = stored(connection)
    if broken:
        checkpoints.close()
        raise BrokenLogError(f"head {broken.number} of the audit log: {broken.reason}")
    return checkpoints


def _delete_portion(services: Services, before: str, now: datetime) -> int:
    place = (_EVENTS.c.month, _EVENTS.c.shard, _EVENTS.c.seq)
    given_up = sa.select(SignedChain.month).where(
        SignedChain.month < before, SignedChain.purged_by.is_not(None)
    )
    portion = sa.select(*place).where(_EVENTS.c.month.in_(given_up)).limit(PORTION)
    with services.database.transaction() as session:
        gone: Any = session.execute(
            sa.delete(_EVENTS).where(sa.tuple_(*place).in_(portion))
        )
        if gone.rowcount:
            event = EventsPurged(gone.rowcount, f"{before}-01")
            services.audit.record(session, event, now=now)
        return int(gone.rowcount)
