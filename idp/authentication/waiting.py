"""Requests that wait at one place until they are decided at another (RFC 8628, CIBA).

Whoever waits keeps a handle, of which only the digest is stored: that is the request's
name, by which pages know it. A device shows a user code, which the citizen types; a
portal calls one citizen, who finds it on their own page and types the number that the
portal shows. Both then go through the sign-in and the consent that every request goes
through. A request is decided once and collected once, of however many parallel tries.
"""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from idp.authentication.transaction import AuthorizationRequest
from idp.storage.ephemeral import EphemeralStore

Kind = Literal["device", "call"]
State = Literal["unknown", "expired", "pending", "too_fast", "denied", "approved"]

# RFC 8628 §6.1: nine digits, which keypads and Vietnamese keyboards leave as typed.
_DIGITS, _GROUP = 9, 3
_NOT_DIGITS = re.compile(r"[\s.\u2010-\u2015-]")
_CODE = re.compile(r"[0-9]{9}", re.ASCII)
_SLOWER = 5  # RFC 8628 §3.5: seconds more after each `slow_down`
# For so long a late device is told "expired" rather than "unknown".
_LINGER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits; `place` (`source`, `user_agent`) is who made it.

    `found_by` is the key under which the citizen finds it. A call is for the account
    alone, with the `number` that proves that its portal is before them, the portal's
    `message`, and, sealed, how the portal wants to hear of the end (`notify`).
    """

    name: str
    kind: Kind
    request: AuthorizationRequest
    place: dict[str, Any]
    made_at: datetime
    expires_at: datetime
    found_by: str = ""
    account_id: UUID | None = None
    number: str = ""
    message: str = ""
    notify: str | None = None

    @property
    def user_code(self) -> str:
        """Return the digits that find a device's request."""
        return self.found_by.partition(":")[2]

    @property
    def shown_code(self) -> str:
        """Return the user code in groups, as both screens show it."""
        code = self.user_code
        return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))

    @property
    def asked(self) -> AuthorizationRequest:
        """Return the request as one whose answer is collected under this name."""
        return replace(self.request, waiting=self.name)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a device is told; `code` is what its tokens are made from."""

    state: State
    code: str = ""


def begin(
    ephemeral: EphemeralStore,
    request: AuthorizationRequest,
    *,
    place: dict[str, Any],
    now: datetime,
    ttl: int,
) -> tuple[str, Waiting]:
    """Keep a device's request; return the handle, for its client alone, and it."""
    handle, waiting = prepare("device", request, place=place, now=now, ttl=ttl)
    while not waiting.found_by:
        code = "".join(secrets.choice("0123456789") for _ in range(_DIGITS))
        if ephemeral.claim(f"user-code:{code}", {"name": waiting.name}, ttl=ttl):
            waiting = replace(waiting, found_by=f"user-code:{code}")
    keep(ephemeral, waiting, now)
    return handle, waiting


def prepare(
    kind: Kind,
    request: AuthorizationRequest,
    *,
    place: dict[str, Any],
    now: datetime,
    ttl: int,
) -> tuple[str, Waiting]:
    """Return a new handle, for the client alone, and the request that it collects."""
    handle = secrets.token_urlsafe(32)
    waiting = Waiting(
        name=_name(handle),
        kind=kind,
        request=request,
        place=place,
        made_at=now,
        expires_at=now + timedelta(seconds=ttl),
    )
    return handle, waiting


def keep(ephemeral: EphemeralStore, waiting: Waiting, now: datetime) -> None:
    """Store a request until some time after its end."""
    ephemeral.put(f"waiting:{waiting.name}", _to_json(waiting), ttl=_kept(waiting, now))


def find(ephemeral: EphemeralStore, name: str, *, now: datetime) -> Waiting | None:
    """Return the request while it waits and nobody has decided it."""
    kept, decided = ephemeral.get_many([f"waiting:{name}", f"decided:{name}"])
    if kept is None or decided is not None:
        return None
    waiting = _from_json(kept)
    return waiting if now < waiting.expires_at else None


def find_by_code(
    ephemeral: EphemeralStore, typed: str, *, now: datetime
) -> Waiting | None:
    """Return the request of a user code, typed in any grouping (RFC 8628 §6.1)."""
    code = _NOT_DIGITS.sub("", typed)
    found = ephemeral.get(f"user-code:{code}") if _CODE.fullmatch(code) else None
    return find(ephemeral, found["name"], now=now) if found else None


def decide(
    ephemeral: EphemeralStore, waiting: Waiting, *, code: str | None, now: datetime
) -> bool:
    """Approve with a code, or refuse without; False if it was decided or is over."""
    if now >= waiting.expires_at:
        return False
    decided = ephemeral.claim(
        f"decided:{waiting.name}", {"code": code}, ttl=_kept(waiting, now)
    )
    ephemeral.drop(waiting.found_by)
    return decided


def collect(  # noqa: PLR0913 - the handle, whose it must be, and how often it may come
    ephemeral: EphemeralStore,
    handle: str,
    *,
    kind: Kind,
    client_id: str,
    interval: int,
    now: datetime,
) -> Collected:
    """Tell the client how its request stands (RFC 8628 §3.5); an approval only once."""
    name = _name(handle)
    kept, decided = ephemeral.get_many([f"waiting:{name}", f"decided:{name}"])
    waiting = _from_json(kept) if kept else None
    if (
        waiting is None
        or waiting.kind != kind
        or waiting.request.client_id != client_id
    ):
        return Collected("unknown")
    if decided is not None:
        # It is collected before anything is made of it: a lost answer is asked anew.
        once = ephemeral.claim(f"collected:{name}", {}, ttl=_kept(waiting, now))
        if not once:
            return Collected("unknown")
        code = decided["code"]
        return Collected("approved", code) if code else Collected("denied")
    if now >= waiting.expires_at:
        return Collected("expired")
    return Collected(_pace(ephemeral, waiting, interval, now))


def _pace(
    ephemeral: EphemeralStore, waiting: Waiting, interval: int, now: datetime
) -> State:
    """Say whether the client waited its interval, which grows when it does not."""
    slower = f"slower:{waiting.name}"
    length = interval + _SLOWER * ephemeral.count(slower, ttl=1, by=0)
    if ephemeral.claim(f"polled:{waiting.name}", {}, ttl=length):
        return "pending"
    ephemeral.count(slower, ttl=_kept(waiting, now))
    return "too_fast"


def _name(handle: str) -> str:
    return sha256(handle.encode(errors="replace")).hexdigest()


def _kept(waiting: Waiting, now: datetime) -> float:
    return max((waiting.expires_at + _LINGER - now).total_seconds(), 1)


def _to_json(waiting: Waiting) -> dict[str, Any]:
    return {
        "name": waiting.name,
        "kind": waiting.kind,
        "request": waiting.request.to_json(),
        "place": waiting.place,
        "made_at": waiting.made_at.isoformat(),
        "expires_at": waiting.expires_at.isoformat(),
        "found_by": waiting.found_by,
        "account_id": str(waiting.account_id) if waiting.account_id else None,
        "number": waiting.number,
        "message": waiting.message,
        "notify": waiting.notify,
    }


def _from_json(value: dict[str, Any]) -> Waiting:
    return Waiting(
        **value
        | {
            "request": AuthorizationRequest.from_json(value["request"]),
            "made_at": datetime.fromisoformat(value["made_at"]),
            "expires_at": datetime.fromisoformat(value["expires_at"]),
            "account_id": UUID(value["account_id"]) if value["account_id"] else None,
        }
    )
