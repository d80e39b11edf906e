"""What a citizen decides about a request that waits elsewhere, with its audit event.

The log is written first: a decision that comes too late stands there and does nothing.
A portal that asked for it is pinged that there is something to collect (CIBA §10.2).
"""

import json
from base64 import b64decode
from datetime import datetime

import structlog

from idp import outbound
from idp.audit.events import CrossDeviceApproved, CrossDeviceRefused
from idp.authentication import calls
from idp.authentication import waiting as waitings
from idp.authentication.session import SignedIn
from idp.authentication.session_changes import Services
from idp.authentication.waiting import Waiting

NOTIFY = "waiting.notify"

log = structlog.get_logger("idp.authentication")


def approve(
    services: Services,
    waiting: Waiting,
    signed_in: SignedIn,
    *,
    code: str,
    now: datetime,
) -> bool:
    """Leave the code for the device; False if somebody decided before."""
    event = CrossDeviceApproved(
        signed_in.account.id,
        signed_in.session.id,
        waiting.request.client_id,
        personal=waiting.place,
    )
    with services.database.transaction() as database:
        services.audit.record(database, event, now=now)
    is_first = _end(services, waiting, code=code, now=now)
    if is_first:
        calls.was_wanted(services.ephemeral, waiting)
    return is_first


def refuse(
    services: Services,
    waiting: Waiting,
    signed_in: SignedIn | None,
    *,
    ground: str,
    now: datetime,
) -> bool:
    """End the request; who was signed in finds it in their history."""
    if signed_in is not None:
        event = CrossDeviceRefused(
            signed_in.account.id,
            signed_in.session.id,
            waiting.request.client_id,
            ground,
            personal=waiting.place,
        )
        with services.database.transaction() as database:
            services.audit.record(database, event, now=now)
    return _end(services, waiting, code=None, now=now)


def _end(
    services: Services, waiting: Waiting, *, code: str | None, now: datetime
) -> bool:
    if not waitings.decide(services.ephemeral, waiting, code=code, now=now):
        return False
    party = services.relying_parties.find(waiting.request.client_id)
    endpoint = party.backchannel_client_notification_endpoint if party else None
    notify = waiting.notify
    if endpoint and notify:
        # One lane for each portal: however many wait, one that hangs delays no other.
        lane = f"ping:{waiting.request.client_id}"
        services.courier.in_line(lane, lambda: _ping(services, endpoint, notify))
    return True


def _ping(services: Services, endpoint: str, notify: str) -> None:
    """Say that it is decided, once: a portal that misses it asks at its interval."""
    told = json.loads(services.sealer.open(b64decode(notify), context=NOTIFY))
    try:
        answer = outbound.post(
            endpoint,
            json.dumps({"auth_req_id": told["auth_req_id"]}).encode(),
            {
                "Authorization": f"Bearer {told['token']}",
                "Content-Type": "application/json",
            },
            timeout=services.config.backchannel.timeout,
            most=0,
            within=services.config.outbound.allowed_networks,
        )
    except outbound.NoAnswerError as error:
        log.info("ping unheard", detail=str(error))
    else:
        log.info("pinged", status=answer.status)
