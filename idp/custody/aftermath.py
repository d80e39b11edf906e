"""What is left to do after a kill: contacts to write to, grants and sign-ins to end.

Letters wait for nothing. Millions of grants end in small transactions, each of which
notes how far it came: they can be interrupted anywhere, and one worker at a time ends.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from idp import clock
from idp.audit.custody_events import KeyIncidentOver, KeyWarningSent
from idp.custody import letters, lots
from idp.custody.models import IncidentPortal, KeyIncident
from idp.custody.services import Services
from idp.factors.mail import MailError
from keys.ring import Ring

_A_TURN = 25  # transactions, until others of the same threads have their turn
_ENDING, _LETTERS = "key-aftermath", "key-letters"
_STEPS = (lots.of_grants, lots.of_sessions)
_WITH_CREDENTIALS = (lots.of_credentials, *_STEPS)

log = structlog.get_logger("idp.custody")


def look(services: Services, *, now: datetime) -> None:
    """Set out to do what is left, behind whatever this process does."""
    with services.database.read() as connection:
        open_, due = connection.execute(
            sa.select(
                sa.exists().where(KeyIncident.over_at.is_(None)),
                sa.exists().where(IncidentPortal.due_at <= now),
            )
        ).one()
    if due:
        services.courier.along(_LETTERS, lambda: write(services, now=clock.now()))
    if open_:
        services.courier.along(_ENDING, lambda: _end_in_turn(services))


def _end_in_turn(services: Services) -> None:
    """End what one turn allows, and queue for the next one behind all others."""
    if go_on(services, now=clock.now()):
        services.courier.along(_ENDING, lambda: _end_in_turn(services))


def go_on(services: Services, *, now: datetime) -> bool:
    """End a turn's lots of every incident; say whether more is left for us to end."""
    with services.database.read() as connection:
        query = sa.select(KeyIncident.id).where(KeyIncident.over_at.is_(None))
        open_ = connection.execute(query).scalars().all()
    return any(_turn(services, incident_id, now) for incident_id in open_)


def _turn(services: Services, incident_id: UUID, now: datetime) -> bool:
    return all(_end_lot(services, incident_id, now) for _ in range(_A_TURN))


def _end_lot(services: Services, incident_id: UUID, now: datetime) -> bool:
    """End the next lot in one transaction; say whether another one is ours to end.

    Whoever holds the incident's row ends; the others come back later.
    """
    ended: list[UUID] = []
    with services.database.transaction() as session:
        incident = session.scalars(
            sa.select(KeyIncident)
            .where(KeyIncident.id == incident_id, KeyIncident.over_at.is_(None))
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if incident is None:
            return False
        is_of_wallets = Ring.named(incident.ring).purpose == "credential"
        steps = _WITH_CREDENTIALS if is_of_wallets else _STEPS
        if incident.step < len(steps):
            ended = steps[incident.step](services, session, incident, now)
        elif incident.found:
            # What was under way at the kill may come in behind the first pass.
            incident.step = incident.found = 0
        else:
            incident.over_at = now
            over = KeyIncidentOver(
                incident.id,
                incident.grants_ended,
                incident.sessions_ended,
                incident.credentials_ended,
            )
            services.audit.record(session, over, now=now)
        is_over = incident.over_at is not None
    for grant_id in ended:
        services.ephemeral.drop_grant(str(grant_id))
    return not is_over


def write(services: Services, *, now: datetime) -> None:
    """Write to the contacts of every portal that is due."""
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
