"""What a citizen decides about a request that waits elsewhere, with its audit event.

The log is written first: a decision that comes too late stands there and does nothing.
"""

from datetime import datetime

from idp.audit.events import CrossDeviceApproved, CrossDeviceRefused
from idp.authentication import waiting as waitings
from idp.authentication.session import SignedIn
from idp.authentication.session_changes import Services
from idp.authentication.waiting import Waiting


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
    return waitings.decide(services.ephemeral, waiting, code=code, now=now)


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
    return waitings.decide(services.ephemeral, waiting, code=None, now=now)
