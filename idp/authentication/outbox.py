"""The outbox of what portals are told: at least once, each portal by itself.

A notice waits in the database from what it tells of on, so that no crash loses it. Each
portal has a lane of its own, on which one exchange runs at a time: one that hangs
holds back nobody else. What a portal did not hear is told again, at ever longer
waits, and given up with an event.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from idp import clock
from idp.audit.event import Event
from idp.audit.log import AuditLog
from idp.config import Config
from idp.factors.courier import Courier
from idp.outbound import NoAnswerError
from idp.relying_parties.record import RelyingParty
from idp.relying_parties.registry import RelyingParties
from idp.storage.database import Database
from keys.sealing import Sealer
from keys.secrets import ServerSecrets
from keys.signers import KeyRings

# One turn of a portal: then its lane queues behind the others.
_AT_ONCE = 20

log = structlog.get_logger("idp.authentication")


class Services(Protocol):
    """The part of the running provider that telling portals needs."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """Where notices wait."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""

    @property
    def secrets(self) -> ServerSecrets:
        """The server's secrets."""

    @property
    def sealer(self) -> Sealer:
        """The sealer of secrets that portals gave us."""

    @property
    def rings(self) -> KeyRings:
        """What signs."""

    @property
    def courier(self) -> Courier:
        """Who sends behind the answer."""

    @property
    def relying_parties(self) -> RelyingParties:
        """The registered relying parties."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice.

    `table` has `id`, `client_id`, `attempts`, `due_at` and `last_answer`; `tell` makes
    one exchange and returns the status, of which `heard` are the good ones; `given_up`
    is the event that remains of a notice nobody heard, `taken` of one that was.
    """

    name: str
    table: type[Any]
    tell: Callable[[Services, RelyingParty, Any, datetime], int]
    heard: frozenset[int]
    given_up: Callable[[Any], Event]
    taken: Callable[[Any], Event | None] = lambda _: None

    def lane(self, client_id: str) -> str:
        """Return the name of the portal's lane."""
        return f"{self.name}:{client_id}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one portal has not heard yet; `last_answer` is a status or a class."""

    kind: str
    client_id: str
    notices: int
    attempts: int
    due_at: datetime | None
    last_answer: str | None


def deliver(services: Services, kind: Kind, *, now: datetime) -> int:
    """Tell what is due, wait for it, and return how many notices were heard."""
    heard: list[int] = []
    for client_id in _due(services, kind, now):
        _set_out(services, kind, client_id, lambda: now, heard.append)
    services.courier.wait()
    return sum(heard)


def deliver_due(services: Services, kind: Kind, *, now: datetime) -> None:
    """Tell what is due, behind whatever this process does."""
    for client_id in _due(services, kind, now):
        deliver_soon(services, kind, client_id)


def deliver_soon(services: Services, kind: Kind, client_id: str) -> None:
    """Tell this portal what is due, behind the answer."""
    _set_out(services, kind, client_id, clock.now, lambda _: None)


def waiting(connection: Connection, kind: Kind) -> list[Waiting]:
    """Return what has not been heard yet, portal by portal."""
    table = kind.table
    rows = connection.execute(
        sa.select(
            table.client_id,
            sa.func.count(),
            sa.func.max(table.attempts),
            sa.func.min(table.due_at),
            sa.func.max(table.last_answer),
        )
        .group_by(table.client_id)
        .order_by(table.client_id)
    )
    return [Waiting(kind.name, *row) for row in rows]


def _due(services: Services, kind: Kind, now: datetime) -> Sequence[str]:
    waiting = sa.select(kind.table.client_id).where(kind.table.due_at <= now)
    with services.database.read() as connection:
        return connection.execute(waiting.distinct()).scalars().all()


def _set_out(
    services: Services,
    kind: Kind,
    client_id: str,
    clock_: Callable[[], datetime],
    count: Callable[[int], None],
) -> None:
    def turn() -> None:
        heard, is_more = _turn(services, kind, client_id, now=clock_())
        count(heard)
        if is_more:
            _set_out(services, kind, client_id, clock_, count)

    services.courier.along(kind.lane(client_id), turn)


def _turn(
    services: Services, kind: Kind, client_id: str, *, now: datetime
) -> tuple[int, bool]:
    """Tell a portal one lot; return how many it heard, and whether more may wait.

    A portal that gives no answer has had its turn: the rest of the lot waits too.
    """
    lot = _take(services, kind, client_id, now)
    party = services.relying_parties.find(client_id)
    if party is None:  # nobody is there to be told
        _settle(services, kind, lot, {}, now)
        return 0, len(lot) == _AT_ONCE
    missed, is_silent = _tell_all(services, kind, party, lot, now)
    _settle(services, kind, lot, missed, now)
    return len(lot) - len(missed), len(lot) == _AT_ONCE and not is_silent


def _tell_all(
    services: Services, kind: Kind, party: RelyingParty, lot: list[Any], now: datetime
) -> tuple[dict[UUID, str], bool]:
    """Return what was answered by whom did not hear, and whether there was silence."""
    missed: dict[UUID, str] = {}
    for position, notice in enumerate(lot):
        try:
            status = kind.tell(services, party, notice, now)
        except NoAnswerError as error:
            rest = {one.id: str(error) for one in lot[position:]}
            _log_miss(kind, notice, str(error))
            return missed | rest, True
        if status not in kind.heard:
            missed[notice.id] = f"answered {status}"
            _log_miss(kind, notice, missed[notice.id])
    return missed, False


def _log_miss(kind: Kind, notice: Any, detail: str) -> None:
    log.warning(
        "portal not told",
        kind=kind.name,
        client_id=notice.client_id,
        attempt=notice.attempts,
        detail=detail,
    )


def _take(services: Services, kind: Kind, client_id: str, now: datetime) -> list[Any]:
    """Take the portal's next lot, for this process alone.

    Whoever tells it next waits, even if this process dies meanwhile.
    """
    wait, table = timedelta(seconds=services.config.backchannel.retry_after), kind.table
    with services.database.transaction() as database:
        lot = database.scalars(
            sa.select(table)
            .where(table.client_id == client_id, table.due_at <= now)
            .order_by(table.due_at, table.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for notice in lot:
            notice.due_at = now + wait * 2**notice.attempts
            notice.attempts += 1
    return list(lot)


def _settle(
    services: Services,
    kind: Kind,
    lot: list[Any],
    missed: Mapping[UUID, str],
    now: datetime,
) -> None:
    """Forget what was heard, and give up, with an event, what was told often enough."""
    if not lot:
        return
    most, table = services.config.backchannel.attempts, kind.table
    given_up = [one for one in lot if one.id in missed and one.attempts >= most]
    over = {one.id for one in given_up} | {one.id for one in lot} - missed.keys()
    with services.database.transaction() as database:
        for notice_id in missed.keys() - over:
            database.execute(
                sa.update(table)
                .where(table.id == notice_id)
                .values(last_answer=missed[notice_id])
            )
        dropped = database.execute(
            sa.delete(table).where(table.id.in_(over)).returning(table.id)
        ).scalars()
        mine = set(dropped)
        for notice in lot:
            if notice.id in mine:
                end = kind.given_up if notice.id in missed else kind.taken
                if (event := end(notice)) is not None:
                    services.audit.record(database, event, now=now)
