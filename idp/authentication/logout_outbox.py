"""The outbox of logout tokens: told at least once, each portal by itself.

A notice waits in the database from the sign-out on, so that no crash loses it. Each
portal has a lane of its own, on which one exchange runs at a time: one that hangs
holds back nobody else. What a portal did not hear is told again, at ever longer
waits, and given up with an event.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from idp import clock
from idp.audit.log import AuditLog
from idp.audit.portal_events import PortalNotTold
from idp.authentication import logout_delivery
from idp.authentication.models import LogoutNotice
from idp.config import Config
from idp.factors.courier import Courier
from idp.relying_parties.record import RelyingParty
from idp.relying_parties.registry import RelyingParties
from idp.storage.database import Database
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
    def rings(self) -> KeyRings:
        """What signs."""

    @property
    def courier(self) -> Courier:
        """Who sends behind the answer."""

    @property
    def relying_parties(self) -> RelyingParties:
        """The registered relying parties."""


def deliver(services: Services, *, now: datetime) -> int:
    """Tell what is due, wait for it, and return how many notices were heard."""
    with services.database.read() as connection:
        waiting = sa.select(LogoutNotice.client_id).where(LogoutNotice.due_at <= now)
        portals = connection.execute(waiting.distinct()).scalars().all()
    heard: list[int] = []
    for client_id in portals:
        _set_out(services, client_id, lambda: now, heard.append)
    services.courier.wait()
    return sum(heard)


def deliver_soon(services: Services, client_id: str) -> None:
    """Tell this portal what is due, behind the answer."""
    _set_out(services, client_id, clock.now, lambda _: None)


def _set_out(
    services: Services,
    client_id: str,
    clock_: Callable[[], datetime],
    count: Callable[[int], None],
) -> None:
    def turn() -> None:
        heard, is_more = _turn(services, client_id, now=clock_())
        count(heard)
        if is_more:
            _set_out(services, client_id, clock_, count)

    services.courier.along(client_id, turn)


def _turn(services: Services, client_id: str, *, now: datetime) -> tuple[int, bool]:
    """Tell a portal one lot; return how many it heard, and whether more may wait.

    A portal that gives no answer has had its turn: the rest of the lot waits too.
    """
    lot = _take(services, client_id, now)
    party = services.relying_parties.find(client_id)
    if party is None:  # nobody is there to be told
        _settle(services, lot, [], now)
        return 0, len(lot) == _AT_ONCE
    heard, is_silent = _tell_all(services, party, lot, now)
    _settle(services, heard, [one for one in lot if one not in heard], now)
    return len(heard), len(lot) == _AT_ONCE and not is_silent


def _tell_all(
    services: Services, party: RelyingParty, lot: list[LogoutNotice], now: datetime
) -> tuple[list[LogoutNotice], bool]:
    heard: list[LogoutNotice] = []
    for notice in lot:
        try:
            _tell(services, party, notice, now)
        except logout_delivery.NotHeardError as error:
            log.warning(
                "portal not told of a sign-out",
                client_id=party.client_id,
                attempt=notice.attempts,
                detail=str(error),
            )
            if error.is_silent:
                return heard, True
        else:
            heard.append(notice)
    return heard, False


def _take(services: Services, client_id: str, now: datetime) -> list[LogoutNotice]:
    """Take the portal's next lot, for this process alone.

    Whoever tells it next waits, even if this process dies meanwhile.
    """
    wait = timedelta(seconds=services.config.backchannel.retry_after)
    with services.database.transaction() as database:
        lot = database.scalars(
            sa.select(LogoutNotice)
            .where(LogoutNotice.client_id == client_id, LogoutNotice.due_at <= now)
            .order_by(LogoutNotice.due_at, LogoutNotice.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
        for notice in lot:
            notice.due_at = now + wait * 2**notice.attempts
            notice.attempts += 1
    return list(lot)


def _tell(
    services: Services, party: RelyingParty, notice: LogoutNotice, now: datetime
) -> None:
    config = services.config
    claims = token_claims(
        config.issuer, notice, now=now, lifetime=config.backchannel.token
    )
    logout_delivery.post(
        party.backchannel_logout_uri or "",
        services.rings.sign(claims, alg=party.id_token_alg, typ="logout+jwt", now=now),
        timeout=config.backchannel.timeout,
        allow_private=config.backchannel.allow_private or config.sandbox.enabled,
    )


def _settle(
    services: Services,
    gone: list[LogoutNotice],
    unheard: list[LogoutNotice],
    now: datetime,
) -> None:
    """Forget what was heard, and give up, with an event, what was told often enough."""
    most = services.config.backchannel.attempts
    given_up = [notice for notice in unheard if notice.attempts >= most]
    over = [notice.id for notice in (*gone, *given_up)]
    if not over:
        return
    with services.database.transaction() as database:
        dropped = database.execute(
            sa.delete(LogoutNotice)
            .where(LogoutNotice.id.in_(over))
            .returning(LogoutNotice.id)
        ).scalars()
        mine = set(dropped)
        for notice in given_up:
            if notice.id in mine:
                event = PortalNotTold(
                    notice.account_id, notice.client_id, notice.attempts
                )
                services.audit.record(database, event, now=now)


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
