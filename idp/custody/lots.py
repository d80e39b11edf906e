"""The next lot of what a kill ends: found, ended, and noted how far that came.

A lot is a stretch of an index: it begins after what was reached and reads so many live
rows, whether few of them stand on the key or all. Memory and locks do not grow with
how many there are, and nothing is looked at twice in one pass.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.authentication import session as sessions
from idp.authentication import sign_in
from idp.authentication.models import SessionRecord
from idp.consent import grants
from idp.consent.models import Grant
from idp.credentials import register
from idp.credentials.models import WalletCredential
from idp.custody import reach
from idp.custody.models import KeyIncident
from idp.custody.reach import Span
from idp.custody.services import Services
from keys.ring import Ring

REASON = "key_compromised"
AT_ONCE = 200


def of_credentials(
    services: Services, session: Session, incident: KeyIncident, now: datetime
) -> list[UUID]:
    """Mark the next credentials of the key invalid; grants that are kept bring others.

    Whatever was chosen: nothing verifies them any more.
    """
    after = UUID(incident.reached) if incident.reached else None
    holds, column = register.holds(incident.kid, now), WalletCredential.account_id
    stretch, last = _stretch(session, column, holds, after)
    whose = session.execute(sa.select(column).where(stretch, holds).distinct())
    ended = sum(
        register.revoke(
            session, services.audit, account_id, REASON, now=now, kid=incident.kid
        )
        for account_id in whose.scalars().all()
    )
    incident.credentials_ended += ended
    incident.found += ended
    _go_past(incident, last)
    return []


def of_grants(
    services: Services, session: Session, incident: KeyIncident, now: datetime
) -> list[UUID]:
    """End the next grants that got tokens of the key; return which."""
    ring = Ring.named(incident.ring)
    parties = services.relying_parties.all(session.connection())
    clients = reach.clients_of(parties, ring.purpose, ring.alg)
    has_any = clients or ring.purpose == "credential"
    if incident.grants != "revoke" or not has_any:
        _go_past(incident, None)
        return []
    span = Span(clients, incident.signed_from, incident.killed_at)
    after = UUID(incident.reached) if incident.reached else None
    live, stand = reach.is_live(span, now), reach.grants(span, now)
    if ring.purpose == "credential":
        live = stand = reach.wallets(incident.kid, incident.killed_at, now)
    stretch, last = _stretch(session, Grant.id, live, after)
    which = sa.select(Grant.id).where(stretch, stand)
    lot = session.execute(which).scalars().all()
    ended = grants.end_these(session, services.audit, lot, REASON, now=now)
    incident.grants_ended += len(ended)
    incident.found += len(ended)
    _go_past(incident, last)
    return ended


def of_sessions(
    services: Services, session: Session, incident: KeyIncident, now: datetime
) -> list[UUID]:
    """End the next sign-ins that began before the kill; their grants live on."""
    if incident.sessions != "end":
        _go_past(incident, None)
        return []
    lifetimes = services.config.lifetimes
    condition = reach.sessions(lifetimes, incident.killed_at, now)
    after = datetime.fromisoformat(incident.reached) if incident.reached else None
    column = SessionRecord.started_at
    stretch, last = _stretch(session, column, condition, after)
    live = sessions.list_where(
        session.connection(), sa.and_(stretch, condition), now=now, lifetimes=lifetimes
    )
    for one in live:
        sign_in.sign_out(services, session, session=one, reason=REASON, now=now)
    incident.sessions_ended += len(live)
    incident.found += len(live)
    _go_past(incident, last and last.isoformat())
    return []


def _stretch(session: Session, column: Any, condition: Any, after: Any) -> Any:
    """Return what comes `after`, so many rows of the condition, and the last of it."""
    stretch = sa.true() if after is None else column > after
    query = sa.select(column).where(condition, stretch).order_by(column)
    last = session.execute(query.offset(AT_ONCE - 1).limit(1)).scalar_one_or_none()
    return (stretch if last is None else sa.and_(stretch, column <= last)), last


def _go_past(incident: KeyIncident, last: Any) -> None:
    """Note the last that was looked at, or that the next step begins."""
    incident.reached = None if last is None else str(last)
    if last is None:
        incident.step += 1
