"""What is left to do after a kill: grants and sign-ins to end, contacts to write to.

It goes on in small transactions from what the database says is not done yet, so it can
be interrupted anywhere and two workers do nothing twice.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from idp import clock
from idp.audit.custody_events import KeyIncidentOver, KeyWarningSent
from idp.authentication import sign_in
from idp.authentication.models import SessionRecord
from idp.consent import grants
from idp.consent.models import Grant
from idp.custody import letters, reach
from idp.custody.models import IncidentPortal, KeyIncident
from idp.custody.reach import Span
from idp.custody.services import Services
from idp.factors.mail import MailError
from keys.ring import Ring

REASON = "key_compromised"
_AT_ONCE = 100
_LANE = "key-aftermath"

log = structlog.get_logger("idp.custody")


def look(services: Services, *, now: datetime) -> None:
    """Set out to do what is left, behind whatever this process does."""
    with services.database.read() as connection:
        is_left = connection.execute(
            sa.select(
                sa.or_(
                    sa.exists().where(KeyIncident.over_at.is_(None)),
                    sa.exists().where(IncidentPortal.due_at <= now),
                )
            )
        ).scalar_one()
    if is_left:
        services.courier.along(_LANE, lambda: go_on(services, now=clock.now()))


def go_on(services: Services, *, now: datetime) -> None:
    """Do what is left of every incident."""
    with services.database.read() as connection:
        open_ = connection.execute(
            sa.select(KeyIncident.__table__).where(KeyIncident.over_at.is_(None))
        ).all()
    for incident in open_:
        # What was under way at the kill may come in behind the first pass.
        while _end_grants(services, incident, now) or _end_sessions(
            services, incident, now
        ):
            pass
        _close(services, incident, now)
    _write_to_contacts(services, now)


def _end_grants(services: Services, incident: Any, now: datetime) -> int:
    if incident.grants != "revoke":
        return 0
    ring = Ring.named(incident.ring)
    with services.database.read() as connection:
        parties = services.relying_parties.all(connection)
    clients = reach.clients_of(parties, ring.purpose, ring.alg)
    span = Span(clients, incident.signed_from, incident.killed_at)
    condition = reach.grants(span, now)

    def end(lot: Sequence[UUID]) -> int:
        with services.database.transaction() as session:
            ended = [
                grant_id
                for grant_id in lot
                if grants.end(session, services.audit, grant_id, REASON, now)
            ]
            _add(session, incident.id, KeyIncident.grants_ended, len(ended))
        for grant_id in ended:
            services.ephemeral.drop_grant(str(grant_id))
        return len(ended)

    return _each(services, Grant.id, condition, end)


def _end_sessions(services: Services, incident: Any, now: datetime) -> int:
    if incident.sessions != "end":
        return 0
    lifetimes = services.config.lifetimes
    condition = reach.sessions(lifetimes, incident.killed_at, now)

    def end(lot: Sequence[UUID]) -> int:
        with services.database.transaction() as session:
            ended = sum(
                sign_in.sign_out_everywhere(
                    services, session, account_id, reason=REASON, now=now
                )
                for account_id in lot
            )
            _add(session, incident.id, KeyIncident.sessions_ended, ended)
        return ended

    return _each(services, SessionRecord.account_id, condition, end)


def _each(
    services: Services,
    column: Any,
    condition: Any,
    act: Callable[[Sequence[UUID]], int],
) -> int:
    """Act on all of a condition, lot by lot in the order of their ids."""
    done, last = 0, None
    while True:
        query = sa.select(column).where(condition).distinct().order_by(column)
        if last is not None:
            query = query.where(column > last)
        with services.database.read() as connection:
            lot = connection.execute(query.limit(_AT_ONCE)).scalars().all()
        if not lot:
            return done
        done, last = done + act(lot), lot[-1]


def _add(session: Any, incident_id: UUID, column: Any, number: int) -> None:
    session.execute(
        sa.update(KeyIncident)
        .where(KeyIncident.id == incident_id)
        .values({column: column + number})
    )


def _close(services: Services, incident: Any, now: datetime) -> None:
    """Note that nothing is left to end."""
    with services.database.transaction() as session:
        closed = session.execute(
            sa.update(KeyIncident)
            .where(KeyIncident.id == incident.id, KeyIncident.over_at.is_(None))
            .values(over_at=now)
            .returning(KeyIncident.grants_ended, KeyIncident.sessions_ended)
        ).one_or_none()
        if closed is not None:
            over = KeyIncidentOver(incident.id, *closed)
            services.audit.record(session, over, now=now)


def _write_to_contacts(services: Services, now: datetime) -> None:
    wait = timedelta(seconds=services.config.backchannel.retry_after)
    while (row := _take(services, wait, now)) is not None:
        party = services.relying_parties.find(row.client_id)
        sent = 0
        for address in party.contacts if party else ():
            subject, text = letters.of(services.config, row)
            try:
                services.mail.send(address, subject, text, now)
            except MailError as error:
                log.warning("portal's contact not written to", detail=error.detail)
            else:
                sent += 1
        if sent:
            _note_written(services, row, sent, now)


def _take(services: Services, wait: timedelta, now: datetime) -> Any:
    """Take one portal to write to; should this process die, it is taken again later."""
    most = services.config.backchannel.attempts
    due = IncidentPortal.due_at
    with services.database.transaction() as session:
        taken = session.scalars(
            sa.select(IncidentPortal)
            .where(due <= now)
            .order_by(due)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if taken is None:
            return None
        taken.attempts += 1
        is_last = taken.attempts >= most
        taken.due_at = None if is_last else now + wait * 2 ** (taken.attempts - 1)
        incident = session.get_one(KeyIncident, taken.incident_id)
        return letters.Addressed.of(incident, taken.client_id)


def _note_written(services: Services, row: Any, sent: int, now: datetime) -> None:
    with services.database.transaction() as session:
        session.execute(
            sa.update(IncidentPortal)
            .where(
                IncidentPortal.incident_id == row.incident_id,
                IncidentPortal.client_id == row.client_id,
            )
            .values(due_at=None, written_at=now)
        )
        event = KeyWarningSent(row.incident_id, row.client_id, sent)
        services.audit.record(session, event, now=now)
