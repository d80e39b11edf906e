"""Calls of portals: requests that wait for one citizen, on their own page (CIBA).

The portal shows a number, which the citizen types; the page never shows it. One who is
called too often, by this portal or at a time, does not find the call, and nobody is
told: what comes to nothing counts against its portal, however soon it ended.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from idp.authentication import waiting as waitings
from idp.authentication.transaction import AuthorizationRequest
from idp.authentication.waiting import Waiting
from idp.config import ThrottleConfig
from idp.storage.ephemeral import EphemeralStore

_SMALLEST, _NUMBERS = 10, 90  # two digits, none of them a leading zero
_MOST = 5  # that wait for one citizen: whoever is buried in calls approves one


def prepare(  # noqa: PLR0913 - who is called by whom, with what, and how long
    ephemeral: EphemeralStore,
    limits: ThrottleConfig,
    request: AuthorizationRequest,
    *,
    account_id: UUID,
    message: str,
    place: dict[str, Any],
    notify: Callable[[str], str | None],
    now: datetime,
    ttl: int,
) -> tuple[str, Waiting]:
    """Return a new handle and its call, on the citizen's page if it may be there."""
    handle, made = waitings.prepare("call", request, place=place, now=now, ttl=ttl)
    made = replace(
        made,
        account_id=account_id,
        number=str(_SMALLEST + secrets.randbelow(_NUMBERS)),
        message=message,
        notify=notify(handle),
    )
    counter = _counter(request.client_id, account_id)
    if ephemeral.count(counter, ttl=limits.window) > limits.calls_per_account:
        return handle, made
    for key in _keys(account_id):
        if ephemeral.claim(key, {"name": made.name}, ttl=ttl):
            return handle, replace(made, found_by=key)
    return handle, made


def was_wanted(ephemeral: EphemeralStore, call: Waiting) -> None:
    """Take back that a call counts against its portal: the citizen approved it."""
    if call.account_id is not None:
        counter = _counter(call.request.client_id, call.account_id)
        ephemeral.count(counter, ttl=1, by=-1)


def list_for(
    ephemeral: EphemeralStore, account_id: UUID, *, now: datetime
) -> list[Waiting]:
    """Return the calls that wait for a citizen, the oldest first."""
    names = [found["name"] for found in ephemeral.get_many(_keys(account_id)) if found]
    calls = (waitings.find(ephemeral, name, now=now) for name in names)
    return sorted((item for item in calls if item), key=lambda item: item.made_at)


def is_number(call: Waiting, typed: str) -> bool:
    """Say whether this is the number that the portal shows."""
    return hmac.compare_digest(typed.strip().encode(), call.number.encode())


def _counter(client_id: str, account_id: UUID) -> str:
    return f"called:{account_id}:{client_id}"


def _keys(account_id: UUID) -> list[str]:
    return [f"call:{account_id}:{place}" for place in range(_MOST)]
