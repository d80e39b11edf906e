"""Telling portals that a citizen is signed out (OIDC Back-Channel Logout 1.0).

What is to be told is written with the sign-out itself, so that no crash loses it; a
courier tells it behind the answer, and what a portal did not hear is told again, at
ever longer waits (`deliver`, which `idp locks sweep` calls too).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session as DatabaseSession

from idp import clock
from idp.accounts import principals
from idp.accounts.identifiers import find_subject
from idp.authentication import acting, logout_delivery
from idp.authentication.models import LogoutNotice, SessionRecord
from idp.authentication.session import Session, sid
from idp.config import Config
from idp.factors.courier import Courier
from idp.relying_parties.record import RelyingParty
from idp.relying_parties.registry import RelyingParties
from idp.storage.database import Database
from keys.secrets import ServerSecrets
from keys.signers import KeyRings

_AT_ONCE = 50
_QUEUED = "idp.authentication.backchannel"

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
    def secrets(self) -> ServerSecrets:
        """The server's secrets."""

    @property
    def rings(self) -> KeyRings:
        """What signs."""

    @property
    def courier(self) -> Courier:
        """Who sends behind the answer."""

    @property
    def relying_parties(self) -> RelyingParties:
        """The registered relying parties."""


def session_ended(
    services: Services,
    database: DatabaseSession,
    session: Session,
    reached: Collection[str],
    *,
    now: datetime,
) -> None:
    """Have the portals that the session reached told of its end.

    Where the citizen may have acted for others the `sub` that the portal has is not
    theirs: the `sid` alone tells of the session, and the others' own ones stay.
    """
    for party in _listening(services, reached):
        name = sid(services.secrets.key("sid"), session.id, party.sector)
        for subject in _subjects(database, session, party, now=now):
            _queue(services, database, party, subject, name, now=now)


def account_stopped(
    services: Services,
    database: DatabaseSession,
    account_id: UUID,
    client_ids: Collection[str],
    *,
    now: datetime,
) -> None:
    """Have every one of these portals end whatever session it still keeps.

    A portal's own session may outlive ours; one that wants a `sid` is told each that
    may still be known to it.
    """
    for party in _listening(services, client_ids):
        subject = find_subject(database.connection(), account_id, party.sector)
        if subject is None:
            continue
        names: list[str | None] = [None]
        if party.backchannel_logout_session_required:
            names = [*_late_names(services, database, account_id, party, now=now)]
        for name in names:
            _queue(services, database, party, subject, name, now=now)


def deliver(services: Services, *, now: datetime) -> int:
    """Tell what is due; return how many notices were heard."""
    with services.database.read() as connection:
        due = connection.execute(
            sa.select(LogoutNotice.id, LogoutNotice.due_at)
            .where(LogoutNotice.due_at <= now)
            .order_by(LogoutNotice.due_at)
            .limit(_AT_ONCE)
        ).all()
    return sum(_tell(services, row.id, row.due_at, now=now) for row in due)


def token_claims(
    issuer: str, notice: Any, *, now: datetime, lifetime: int
) -> dict[str, Any]:
    """Return the claims of a logout token (§2.4); there is never a `nonce`.

    The notice's id is the `jti`: told again, it is the same logout.
    """
    issued = clock.timestamp(now)
    claims = {
        "iss": issuer,
        "aud": notice.client_id,
        "iat": issued,
        "exp": issued + lifetime,
        "jti": str(notice.id),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    about = {"sub": notice.subject, "sid": notice.sid}
    return claims | {name: value for name, value in about.items() if value is not None}


def _listening(services: Services, client_ids: Collection[str]) -> list[RelyingParty]:
    found = (services.relying_parties.find(name) for name in client_ids)
    return [party for party in found if party and party.backchannel_logout_uri]


def _subjects(
    database: DatabaseSession, session: Session, party: RelyingParty, *, now: datetime
) -> list[str | None]:
    """Return by which `sub` the portal may know the session; None names none."""
    connection, account_id = database.connection(), session.account_id
    own = find_subject(connection, account_id, party.sector)
    known: list[str | None] = [] if own is None else [own]
    asked = {kind for scope, kind in acting.SCOPES.items() if scope in party.scopes}
    if asked and principals.list_for(connection, account_id, asked, now=now):
        known.append(None)
    return known


def _queue(  # noqa: PLR0913 - the store, then what is told to whom
    services: Services,
    database: DatabaseSession,
    party: RelyingParty,
    subject: str | None,
    name: str | None,
    *,
    now: datetime,
) -> None:
    database.add(
        LogoutNotice(client_id=party.client_id, subject=subject, sid=name, due_at=now)
    )
    if database.info.setdefault(_QUEUED, False):
        return
    database.info[_QUEUED] = True

    def send(_session: DatabaseSession) -> None:
        services.courier.later(lambda: _deliver_now(services))

    sa.event.listen(database, "after_commit", send, once=True)


def _deliver_now(services: Services) -> None:
    deliver(services, now=clock.now())


def _late_names(
    services: Services,
    database: DatabaseSession,
    account_id: UUID,
    party: RelyingParty,
    *,
    now: datetime,
) -> list[str]:
    since = now - timedelta(seconds=services.config.lifetimes.session_max)
    rows = database.execute(
        sa.select(SessionRecord.id, SessionRecord.client_ids).where(
            SessionRecord.account_id == account_id,
            SessionRecord.last_seen_at > since,
        )
    )
    secret = services.secrets.key("sid")
    return [
        sid(secret, row.id, party.sector)
        for row in rows
        if party.client_id in row.client_ids
    ]


def _tell(
    services: Services, notice_id: UUID, due_at: datetime, *, now: datetime
) -> bool:
    """Tell one notice, unless another courier has just taken it."""
    config = services.config.backchannel
    wait = timedelta(seconds=config.retry_after)
    with services.database.transaction() as database:
        taken = database.execute(
            sa.select(LogoutNotice)
            .where(LogoutNotice.id == notice_id, LogoutNotice.due_at == due_at)
            .with_for_update(skip_locked=True)
        ).scalar_one_or_none()
        if taken is None:
            return False
        # Whoever tells it next waits, even if this process dies meanwhile.
        taken.due_at = now + wait * 2**taken.attempts
        taken.attempts += 1
    party = services.relying_parties.find(taken.client_id)
    heard = party is not None and _is_heard(services, party, taken, now=now)
    if heard or party is None or taken.attempts >= config.attempts:
        with services.database.transaction() as database:
            database.execute(
                sa.delete(LogoutNotice).where(LogoutNotice.id == notice_id)
            )
    return heard


def _is_heard(
    services: Services, party: RelyingParty, notice: LogoutNotice, *, now: datetime
) -> bool:
    config = services.config
    claims = token_claims(
        config.issuer, notice, now=now, lifetime=config.backchannel.token
    )
    token = services.rings.sign(
        claims, alg=party.id_token_alg, typ="logout+jwt", now=now
    )
    try:
        logout_delivery.post(
            party.backchannel_logout_uri or "",
            token,
            timeout=config.backchannel.timeout,
            allow_private=config.backchannel.allow_private or config.sandbox.enabled,
        )
    except logout_delivery.NotHeardError as error:
        log.warning(
            "portal not told of a sign-out",
            client_id=party.client_id,
            attempt=notice.attempts,
            detail=str(error),
        )
        return False
    return True
