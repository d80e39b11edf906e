"""Sign where the chains end, every minute or so, by one worker at a time.

A head is no durable effect of its own: it attests the events there are, and adds none.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from idp.audit.head import ALG, MOST_CHAINS, TYP, End, Place, SignedHead, claims, digest
from idp.audit.models import AuditHead, AuditSink, SignedChain, SignedHeadRow
from idp.config import Config
from idp.storage.database import Database
from keys.signers import KeyRings

_HEADS: Any = AuditHead.__table__
_CHAINS: Any = SignedChain.__table__
_ROWS: Any = SignedHeadRow.__table__
_WITH_SIGNED = _HEADS.outerjoin(
    _CHAINS,
    sa.and_(_HEADS.c.month == _CHAINS.c.month, _HEADS.c.shard == _CHAINS.c.shard),
)
_MOVED = sa.or_(
    _HEADS.c.seq.is_distinct_from(_CHAINS.c.seq),
    _HEADS.c.hash.is_distinct_from(_CHAINS.c.hash),
)


class Services(Protocol):
    """The part of the running provider that signing heads needs."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """Where the chains are."""

    @property
    def rings(self) -> KeyRings:
        """What signs."""


@dataclass(frozen=True, slots=True)
class Sink:
    """How far one place outside has the heads: `behind` is how many it lacks."""

    name: str
    behind: int
    told_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest signed head, the events since, and who knows it."""

    number: int
    at: datetime | None
    uncovered: int
    sinks: tuple[Sink, ...]


def latest(connection: Connection) -> Latest:
    """Return the state of signing, for people who watch it; number 0 is of none."""
    newest = _newest(connection)
    number = newest.number if newest else 0
    query = sa.select(AuditSink.__table__).order_by(AuditSink.name)
    return Latest(
        number=number,
        at=newest.at if newest else None,
        uncovered=_uncovered(connection),
        sinks=tuple(
            Sink(row.name, max(0, number - row.number), row.told_at, row.failure)
            for row in connection.execute(query)
        ),
    )


def sign_due(services: Services, *, now: datetime) -> int:
    """Sign if it is time or if enough has happened; return how many heads."""
    settings = services.config.audit
    with services.database.read() as connection:
        newest = _newest(connection)
        is_time = newest is None or now >= newest.at + timedelta(
            seconds=settings.sign_every
        )
        if not is_time and _uncovered(connection) < settings.sign_after:
            return 0
    return sign(services, now=now)


def sign(services: Services, *, now: datetime) -> int:
    """Sign every chain that moved since the last head; return how many heads it took.

    Of workers that do so at once, one signs.
    """
    number = 0
    try:
        while _sign_one(services, (), now):
            number += 1
    except IntegrityError:
        return number
    return number


def sign_purged(services: Services, month: str, *, now: datetime) -> None:
    """Sign, for good, that a month's rows are given up; its chains are signed first.

    This head is the tombstone: with those before it, it tells how many rows there were
    and the hash of the last, and only the audit ring can say so.
    """
    while True:
        sign(services, now=now)
        try:
            _sign_one(services, (month,), now)
        except IntegrityError:
            continue  # a worker signed in between
        return


def _sign_one(services: Services, purged: tuple[str, ...], now: datetime) -> bool:
    with services.database.transaction() as session:
        connection = session.connection()
        newest = _newest(connection)  # before the chains, which so never go back
        moved = _moved(connection)
        if not moved and not purged:
            return False
        head = SignedHead(
            number=newest.number + 1 if newest else 1,
            at=int(now.timestamp()),
            issuer=services.config.issuer,
            previous=digest(newest.jws) if newest else None,
            chains=moved,
            purged=purged,
            keys=_keys(services.rings, now),
        )
        token = services.rings.sign(
            claims(head), purpose="audit", alg=ALG, typ=TYP, now=now
        )
        row = {"number": head.number, "at": now, "jws": token}
        connection.execute(sa.insert(_ROWS).values(row))
        _note(connection, head)
    return True


def _newest(connection: Connection) -> Any | None:
    query = sa.select(_ROWS).order_by(_ROWS.c.number.desc()).limit(1)
    return connection.execute(query).one_or_none()


def _moved(connection: Connection) -> dict[Place, End]:
    query = (
        sa.select(_HEADS)
        .select_from(_WITH_SIGNED)
        .where(_MOVED, _CHAINS.c.purged_by.is_(None))
        .order_by(_HEADS.c.month, _HEADS.c.shard)
        .limit(MOST_CHAINS)
    )
    return {
        Place(row.month, row.shard): End(row.seq, row.hash)
        for row in connection.execute(query)
    }


def _uncovered(connection: Connection) -> int:
    since = _HEADS.c.seq - sa.func.coalesce(_CHAINS.c.seq, 0)
    query = sa.select(sa.func.sum(since)).select_from(_WITH_SIGNED).where(_MOVED)
    return int(connection.scalar(query) or 0)


def _keys(rings: KeyRings, now: datetime) -> tuple[dict[str, str], ...]:
    keys = rings.public_jwks("audit", now)
    return tuple(keys) if len(keys) > 1 else ()


def _note(connection: Connection, head: SignedHead) -> None:
    is_postgresql = connection.dialect.name == "postgresql"
    insert: Any = (postgresql if is_postgresql else sqlite).insert(_CHAINS)
    write = insert.on_conflict_do_update(
        index_elements=("month", "shard"),
        set_={"seq": insert.excluded.seq, "hash": insert.excluded.hash},
    )
    rows = [
        {"month": place.month, "shard": place.shard, "seq": end.seq, "hash": end.hash}
        for place, end in head.chains.items()
    ]
    if rows:
        connection.execute(write, rows)
    if head.purged:
        connection.execute(
            sa.update(_CHAINS)
            .where(_CHAINS.c.month.in_(head.purged))
            .values(purged_by=head.number)
        )
