"""Security event tokens (RFC 8417): pushed (RFC 8935), or polled (RFC 8936)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from idp import clock, outbound
from idp.audit.custody_events import KeyWarningTaken
from idp.audit.portal_events import SignalNotTold
from idp.authentication import outbox
from idp.authentication.outbox import Kind, Services
from idp.outbound import NoAnswerError
from idp.relying_parties.record import RelyingParty
from idp.signals import kinds
from idp.signals.models import SignalNotice, SignalStream
from idp.signals.streams import open_authorization

_TYPE = "secevent+jwt"
_HEADERS = {"Content-Type": f"application/{_TYPE}", "Accept": "application/json"}


def token(
    services: Services, party: RelyingParty, notice: Any, *, now: datetime
) -> str:
    """Return the signed token of an event; told again, it is the same `jti`.

    There is neither `sub` nor `exp`, so that it is never taken for an ID token
    (SSF 1.0 §4.1).
    """
    claims = {
        "iss": services.config.issuer,
        "aud": party.client_id,
        "iat": clock.timestamp(notice.created_at),
        "jti": str(notice.id),
        "sub_id": notice.subject,
        "events": {notice.event: notice.members},
    }
    return services.rings.sign(
        claims, purpose="event", alg=party.id_token_alg, typ=_TYPE, now=now
    )


def _push(
    services: Services, party: RelyingParty, notice: SignalNotice, now: datetime
) -> int:
    streams = SignalStream.__table__
    query = sa.select(streams).where(streams.c.client_id == party.client_id)
    with services.database.read() as connection:
        stream = connection.execute(query).one_or_none()
    if stream is None or stream.endpoint_url is None:
        raise NoAnswerError("no stream to push to")
    headers, own = dict(_HEADERS), open_authorization(services.sealer, stream)
    if own:
        headers["Authorization"] = own
    return outbound.post(
        stream.endpoint_url,
        token(services, party, notice, now=now).encode(),
        headers,
        timeout=services.config.backchannel.timeout,
        most=0,
        within=services.config.outbound.allowed_networks,
    ).status


def _given_up(notice: SignalNotice) -> SignalNotTold:
    return SignalNotTold(notice.account_id, notice.client_id, notice.attempts)


def _taken(notice: Any) -> KeyWarningTaken | None:
    """Return what stays of a word about our own keys; all else is the portal's."""
    if notice.event != kinds.KEY_COMPROMISED:
        return None
    return KeyWarningTaken(notice.client_id, notice.id)


SIGNALS = Kind(
    name="signal",
    table=SignalNotice,
    tell=_push,
    heard=frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED}),
    given_up=_given_up,
    taken=_taken,
)


def deliver(services: Services, *, now: datetime) -> int:
    """Push what is due; what nobody fetched in its time is forgotten."""
    keep = timedelta(seconds=services.config.signals.keep)
    with services.database.transaction() as database:
        database.execute(
            sa.delete(SignalNotice).where(SignalNotice.created_at < now - keep)
        )
    return outbox.deliver(services, SIGNALS, now=now)


def poll(
    services: Services, party: RelyingParty, *, most: int, now: datetime
) -> tuple[dict[str, str], bool]:
    """Return the oldest tokens by `jti`, and whether there are more."""
    with services.database.read() as connection:
        notices = connection.execute(
            sa.select(SignalNotice.__table__)
            .where(SignalNotice.client_id == party.client_id)
            .order_by(SignalNotice.created_at, SignalNotice.id)
            .limit(most + 1)
        ).all()
    sets = {str(one.id): token(services, party, one, now=now) for one in notices[:most]}
    return sets, len(notices) > most


def acknowledge(
    services: Services,
    database: DatabaseSession,
    client_id: str,
    names: Collection[str],
    *,
    now: datetime,
) -> None:
    """Forget what the portal has taken, or refused for good (RFC 8936 §2.4)."""
    known = [found for name in names if (found := _uuid(name))]
    gone = database.execute(
        sa.delete(SignalNotice)
        .where(SignalNotice.client_id == client_id, SignalNotice.id.in_(known))
        .returning(SignalNotice.client_id, SignalNotice.id, SignalNotice.event)
    ).all()
    for notice in gone:
        if (event := _taken(notice)) is not None:
            services.audit.record(database, event, now=now)


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None
