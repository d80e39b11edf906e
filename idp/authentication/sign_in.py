"""Signing in and out, whole: the session's row, its audit and its tokens' end."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session as DatabaseSession

from idp.authentication import backchannel
from idp.authentication import session_changes as changes
from idp.authentication.session import AuthenticationEvent, Session, list_for, sid
from idp.authentication.session_changes import FirstProof, Services
from idp.factors.results import VerifiedFactor


def sign_in(
    services: Services,
    database: DatabaseSession,
    proof: FirstProof,
    *,
    former: Session | None,
) -> str:
    """Record the first factor and return the session's new cookie value.

    The same person keeps their session; a former person's session ends here, so that
    no two people ever share a `sid`.
    """
    if former and former.account_id == proof.account_id:
        return changes.record(
            services,
            database,
            session=former,
            event=proof.event,
            now=proof.now,
            begins_anew=True,
        )
    if former:
        sign_out(services, database, session=former, reason="replaced", now=proof.now)
    _, token = changes.start(services, database, proof)
    return token


def hold(database: DatabaseSession, *, session: Session) -> None:
    """Let no other request change the session before this transaction's end."""
    changes.hold(database, session.id)


def prove(
    services: Services,
    database: DatabaseSession,
    *,
    session: Session,
    factor: VerifiedFactor,
    now: datetime,
) -> str:
    """Add a further factor, any one, to the live session; return its new cookie value.

    A password given as a further step, after a chip say, adds like any other.
    """
    return changes.record(
        services,
        database,
        session=session,
        event=AuthenticationEvent.of(factor),
        now=now,
        begins_anew=False,
    )


def sign_out(
    services: Services,
    database: DatabaseSession,
    *,
    session: Session,
    reason: str,
    now: datetime,
) -> None:
    """End the session with its access tokens, and have its portals told."""
    # Tokens first: if the commit fails later, too much has ended and never too little.
    # A code that is under way may still be redeemed, and its token lasts from then on.
    lifetimes = services.config.lifetimes
    ttl = max(lifetimes.code, lifetimes.waiting) + lifetimes.access_token
    for name in session_names(services, session):
        services.ephemeral.put(f"ended:{name}", {}, ttl=ttl)
    reached = changes.end(services, database, session=session, reason=reason, now=now)
    backchannel.session_ended(services, database, session, reached, now=now)


def session_names(services: Services, session: Session) -> list[str]:
    """Return the session's `sid` in each sector that it reached."""
    secret = services.secrets.key("sid")
    parties = (services.relying_parties.find(name) for name in session.client_ids)
    sectors = sorted({party.sector for party in parties if party})
    return [sid(secret, session.id, sector) for sector in sectors]


def sign_out_everywhere(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    database: DatabaseSession,
    account_id: UUID,
    *,
    reason: str,
    now: datetime,
    but: Session | None = None,
) -> int:
    """End every session of the account, all but one if named; return how many."""
    views = list_for(
        database.connection(),
        services.sealer,
        account_id,
        now=now,
        lifetimes=services.config.lifetimes,
    )
    others = [view.session for view in views if not but or view.session.id != but.id]
    for session in others:
        sign_out(services, database, session=session, reason=reason, now=now)
    return len(others)
