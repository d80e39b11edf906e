"""What happens to a session's row, each change with its audit event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from idp.audit import events
from idp.audit.log import AuditLog
from idp.authentication import browser
from idp.authentication.models import SessionRecord
from idp.authentication.session import (
    AuthenticationEvent,
    Session,
    origin_context,
)
from idp.config import Config
from idp.factors.courier import Courier
from idp.relying_parties.registry import RelyingParties
from idp.storage.database import Database
from idp.storage.ephemeral import EphemeralStore
from keys.sealing import Sealer
from keys.secrets import ServerSecrets
from keys.signers import KeyRings


class Services(Protocol):
    """The part of the running provider that sessions need."""

    @property
    def config(self) -> Config:
        """Return the configuration."""

    @property
    def ephemeral(self) -> EphemeralStore:
        """Return the ephemeral store."""

    @property
    def sealer(self) -> Sealer:
        """Return the sealer of personal values."""

    @property
    def secrets(self) -> ServerSecrets:
        """Return the server's secrets."""

    @property
    def audit(self) -> AuditLog:
        """Return the audit log."""

    @property
    def relying_parties(self) -> RelyingParties:
        """Return the registered relying parties."""

    @property
    def database(self) -> Database:
        """Return the database."""

    @property
    def rings(self) -> KeyRings:
        """Return the signing keys."""

    @property
    def courier(self) -> Courier:
        """Return who sends behind the answer."""


@dataclass(frozen=True, slots=True)
class FirstProof:
    """The first factor that a person proved, where from, and when it arrived here.

    `origin` (`source`, `user_agent`) is kept sealed, for the citizen's own eyes. A
    factor may be older than its arrival: another device vouches for what it proved.
    `at_counter` is a shared computer in counter mode.
    """

    account_id: UUID
    event: AuthenticationEvent
    origin: Mapping[str, Any]
    arrived_at: datetime | None = None
    at_counter: bool = False

    @property
    def now(self) -> datetime:
        """Return when the session starts."""
        return self.arrived_at or self.event.at


def start(
    services: Services, database: DatabaseSession, proof: FirstProof
) -> tuple[Session, str]:
    """Start a session; return it and its cookie value."""
    session_id, token, now = uuid4(), browser.new_value(), proof.now
    origin = json.dumps(dict(proof.origin)).encode()
    database.add(
        SessionRecord(
            id=session_id,
            token_digest=browser.digest(token),
            account_id=proof.account_id,
            events=[_event_json(proof.event)],
            client_ids=[],
            at_counter=proof.at_counter,
            origin_sealed=services.sealer.seal(
                origin, context=origin_context(session_id)
            ),
            started_at=now,
            last_seen_at=now,
        )
    )
    started = events.SessionStarted(
        account_id=proof.account_id,
        session_id=session_id,
        method=proof.event.method,
        place="counter" if proof.at_counter else None,
    )
    services.audit.record(database, started, now=now)
    begun = Session(
        session_id,
        proof.account_id,
        (proof.event,),
        (),
        now,
        now,
        at_counter=proof.at_counter,
    )
    return begun, token


def record(  # noqa: PLR0913 - what was proven, in which session, and how it counts
    services: Services,
    database: DatabaseSession,
    *,
    session: Session,
    event: AuthenticationEvent,
    now: datetime,
    begins_anew: bool,
) -> str:
    """Add a proof to the session and return its new cookie value.

    A first proof begins anew: what was proven before it no longer counts. Of one and
    the same factor the latest proof is kept, so that a session cannot grow.
    """
    row = hold(database, session.id)
    added = _event_json(event)
    earlier = [] if begins_anew else row.events
    kept = [item for item in earlier if _factor_of(item) != _factor_of(added)]
    token = browser.new_value()
    row.events = [*kept, added]
    row.token_digest = browser.digest(token)
    row.last_seen_at = now
    proven = events.FactorProven(
        account_id=session.account_id, session_id=session.id, method=event.method
    )
    services.audit.record(database, proven, now=now)
    return token


def reach(
    services: Services,
    database: DatabaseSession,
    *,
    session: Session,
    client_id: str,
    now: datetime,
) -> None:
    """Note once that the session signed the citizen in at this client."""
    row = hold(database, session.id)
    if client_id in row.client_ids:
        return
    row.client_ids = [*row.client_ids, client_id]
    row.last_seen_at = now
    reached = events.SessionReached(
        account_id=session.account_id, session_id=session.id, client_id=client_id
    )
    services.audit.record(database, reached, now=now)


def touch(database: DatabaseSession, *, session: Session, now: datetime) -> None:
    """Note that the session was seen just now."""
    database.execute(
        sa.update(SessionRecord)
        .where(SessionRecord.id == session.id)
        .values(last_seen_at=now)
    )


def end(
    services: Services,
    database: DatabaseSession,
    *,
    session: Session,
    reason: str,
    now: datetime,
) -> list[str]:
    """End the session's row, and return the clients that it reached, if it was live.

    `sign_in.sign_out` also stops its tokens and has those clients told.
    """
    ended = database.execute(
        sa.update(SessionRecord)
        .where(SessionRecord.id == session.id, SessionRecord.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
        .returning(SessionRecord.client_ids)
    ).one_or_none()
    if ended is None:
        return []
    over = events.SessionEnded(
        account_id=session.account_id, session_id=session.id, reason=reason
    )
    services.audit.record(database, over, now=now)
    return list(ended.client_ids)


def hold(database: DatabaseSession, session_id: UUID) -> SessionRecord:
    """Return the session's row, locked: of two tabs neither may lose its entry."""
    return database.execute(
        sa.select(SessionRecord)
        .where(SessionRecord.id == session_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def _factor_of(event: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return event["method"], tuple(event.get("flags", ()))


def _event_json(event: AuthenticationEvent) -> dict[str, Any]:
    value: dict[str, Any] = {"method": event.method, "at": event.at.isoformat()}
    return {**value, "flags": list(event.flags)} if event.flags else value
