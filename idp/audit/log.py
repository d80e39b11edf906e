"""The audit log as everyone uses it: record an event, show a citizen their own."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from json import loads
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit import personal
from idp.audit.append import enqueue
from idp.audit.chain import link_to
from idp.audit.event import Event
from idp.audit.models import AuditEvent
from keys.sealing import Sealer


class Listener(Protocol):
    """Who is told of each event as it is recorded."""

    def __call__(self, session: Session, event: Event, /, *, now: datetime) -> None:
        """Take notice, in the same transaction."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One event as the citizen whom it concerns may see it."""

    at: datetime
    type: str
    data: dict[str, Any]
    personal: dict[str, Any] | None


class AuditLog:
    """The append-only, hash-chained log of durable effects."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with every event, in its transaction."""
        self._listeners.append(listener)

    def record(
        self,
        session: Session,
        event: Event,
        *,
        now: datetime,
        number: str | None = None,
    ) -> None:
        """Append `event` in the transaction of `session`: both happen, or neither.

        Of the `number` of somebody without an account a blind index is kept.
        """
        data, sealed, index = event.data(), None, None
        values = event.personal
        if number is not None:
            index = personal.number_index(self._sealer, number)
            values = {**(values or {}), personal.NUMBER: index.hex()}
        if values is not None:
            data[personal.MEMBER], sealed = personal.commit(self._sealer, values)
        enqueue(session, link_to(event, data, at=now), sealed, index)
        for listener in self._listeners:
            listener(session, event, now=now)

    def recent(
        self,
        connection: Connection,
        account_id: UUID,
        limit: int,
        *,
        types: Collection[str] | None = None,
        numbers: Collection[str] = (),
    ) -> list[AuditEntry]:
        """Return the account's newest events (of `types`), newest first.

        With its `numbers`, also what concerned the person before there was an account.
        """
        concerns = AuditEvent.account_id == account_id
        if numbers:
            concerns = sa.or_(concerns, self._names(numbers))
        query = (
            sa.select(AuditEvent.__table__)
            .where(concerns)
            .order_by(AuditEvent.at.desc(), AuditEvent.seq.desc())
            .limit(limit)
        )
        if types is not None:
            query = query.where(AuditEvent.type.in_(types))
        return [self._entry(row) for row in connection.execute(query)]

    def forget(self, session: Session, numbers: Collection[str]) -> None:
        """Empty what events of no account keep of a person who is forgotten."""
        session.execute(
            sa.update(AuditEvent)
            .where(self._names(numbers))
            .values(personal_sealed=None, number_index=None)
        )

    def _names(self, numbers: Collection[str]) -> sa.ColumnElement[bool]:
        indexes = [
            version
            for number in numbers
            for version in personal.number_index(self._sealer, number).versions
        ]
        return AuditEvent.number_index.in_(indexes)

    def _entry(self, row: sa.Row[Any]) -> AuditEntry:
        data = loads(row.data)
        data.pop(personal.MEMBER, None)
        values = None
        if row.personal_sealed is not None:
            values = personal.unseal(self._sealer, row)
        return AuditEntry(at=row.at, type=row.type, data=data, personal=values)
