"""Calls of portals: requests that wait for one citizen, on their own page (CIBA).

The portal shows a number, which the citizen types; the page never shows it. One who is
called too often at a time does not find the call, and nobody is told.
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
from idp.storage.ephemeral import EphemeralStore

_SMALLEST, _NUMBERS = 10, 90  # two digits, none of them a leading zero
_MOST = 5  # that wait for one citizen: whoever is buried in calls approves one


def call(  # noqa: PLR0913 - who is called by whom, with what, and how long
    ephemeral: EphemeralStore,
    request: AuthorizationRequest,
    *,
    account_id: UUID,
    message: str,
    place: dict[str, Any],
    notify: Callable[[str], str | None],
    now: datetime,
    ttl: int,
) -> tuple[str, Waiting]:
    """Keep a call for a citizen; return the handle, and it."""
    handle, made = waitings.prepare("call", request, place=place, now=now, ttl=ttl)
    made = replace(
        made,
        account_id=account_id,
        number=str(_SMALLEST + secrets.randbelow(_NUMBERS)),
        message=message,
        notify=notify(handle),
    )
    for key in _keys(account_id):
        if ephemeral.claim(key, {"name": made.name}, ttl=ttl):
            made = replace(made, found_by=key)
            break
    waitings.keep(ephemeral, made, now)
    return handle, made


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


def _keys(account_id: UUID) -> list[str]:
    return [f"call:{account_id}:{place}" for place in range(_MOST)]
