"""Logout tokens, and how one is told (Back-Channel Logout 1.0 §2.4, §2.5)."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from idp import clock, outbound
from idp.audit.portal_events import PortalNotTold
from idp.authentication import outbox
from idp.authentication.models import LogoutNotice
from idp.authentication.outbox import Kind, Services
from idp.relying_parties.record import RelyingParty

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _tell(
    services: Services, party: RelyingParty, notice: LogoutNotice, now: datetime
) -> int:
    """Post one token; no more is read than the answer's status."""
    config = services.config
    claims = token_claims(
        config.issuer, notice, now=now, lifetime=config.backchannel.token
    )
    token = services.rings.sign(
        claims, purpose="event", alg=party.id_token_alg, typ="logout+jwt", now=now
    )
    return outbound.post(
        party.backchannel_logout_uri or "",
        urlencode({"logout_token": token}).encode(),
        _FORM,
        timeout=config.backchannel.timeout,
        most=0,
        within=config.outbound.allowed_networks,
    ).status


def _given_up(notice: LogoutNotice) -> PortalNotTold:
    return PortalNotTold(notice.account_id, notice.client_id, notice.attempts)


LOGOUTS = Kind(
    name="logout",
    table=LogoutNotice,
    tell=_tell,
    heard=frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT}),
    given_up=_given_up,
)


def deliver(services: Services, *, now: datetime) -> int:
    """Tell what is due, wait for it, and return how many notices were heard."""
    return outbox.deliver(services, LOGOUTS, now=now)


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
