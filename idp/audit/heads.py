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

from idp.audit import ends
from idp.audit.head import ALG, TYP, SignedHead, claims, digest
from idp.audit.models import AuditSink, SignedChain, SignedHeadRow
from idp.config import Config
from idp.storage.database import Database
from keys.signers import KeyRings

_CHAINS: Any = SignedChain.__table__
_ROWS: Any = SignedHeadRow.__table__
AHEAD = "has heads, it says, that were never signed"


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
    newest = ends.newest(connection)
    number = newest.number if newest else 0
    query = sa.select(AuditSink.__table__).order_by(AuditSink.name)
    return Latest(
        number=number,
        at=newest.at if newest else None,
        uncovered=ends.due(connection, newest).uncovered,
        sinks=tuple(_sink(row, number) for row in connection.execute(query)),
    )


def _sink(row: Any, newest: int) -> Sink:
    """Return where it stands; one that is ahead of us has nothing that we know of."""
    if row.number > newest:
        return Sink(row.name, newest, row.told_at, row.failure or AHEAD)
    return Sink(row.name, newest - row.number, row.told_at, row.failure)


def sign_due(services: Services, *, now: datetime) -> int:
    """Sign if it is time or if enough has happened; return how many heads."""
    settings = services.config.audit
    with services.database.read() as connection:
        newest = ends.newest(connection)
        is_time = newest is None or now >= newest.at + timedelta(
            seconds=settings.sign_every
        )
        uncovered = 0 if is_time else ends.due(connection, newest).uncovered
    if not is_time and uncovered < settings.sign_after:
        return 0
    return sign(services, now=now)


def sign(services: Services, *, now: datetime) -> int:
    """Sign what moved since the last head; return how many heads it took.

    If nothing did for long (`audit.heartbeat`), one head says so: outside, silence is
    an alarm. Of workers that do so at once, one signs.
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
        newest = ends.newest(connection)  # before the chains, which so never go back
        due = ends.due(connection, newest, now)
        beat = timedelta(seconds=services.config.audit.heartbeat)
        is_quiet = newest is not None and now >= newest.at + beat
        if not due.is_news and not purged and not is_quiet:
            return False
        head = SignedHead(
            number=newest.number + 1 if newest else 1,
            at=int(now.timestamp()),
            issuer=services.config.issuer,
            previous=digest(newest.jws) if newest else None,
            chains=due.chains,
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
