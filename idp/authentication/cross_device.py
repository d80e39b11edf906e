"""Signing in on one device by approving it on another (BCP 247 on such flows).

A request belongs to one transaction of one browser. Its code is in the QR code and is
used once; its number is on the first screen alone and has to be typed on the second,
so that a code that was passed on to somebody else is approved by nobody. What the
approving session had proven goes with the approval, and nothing more.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from idp.authentication import assurance, browser
from idp.authentication.session import SignedIn
from idp.authentication.transaction import AuthenticationTransaction
from idp.factors.results import TWO_FACTORS, VerifiedFactor
from idp.storage.ephemeral import EphemeralStore

State = Literal["none", "waiting", "approved", "refused", "expired"]
Refusal = Literal["same_browser", "vouched_for", "other_account"]

_SMALLEST, _NUMBERS = 10, 90  # two digits, none of them a leading zero
_LINGER = 60  # for so long the first screen is told what became of the code
_MOST_PER_TRANSACTION = 5


@dataclass(frozen=True, slots=True)
class Request:
    """A request that waits to be approved, as its code finds it.

    `account_id` is who has to approve: the person who is signed in on the first
    device already, or anybody (None).
    """

    code: str
    transaction_id: str
    browser: str
    number: str
    client_id: str | None
    account_id: UUID | None
    place: dict[str, Any]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Screen:
    """What the first device shows: the state, and while waiting code and number."""

    state: State
    code: str = ""
    number: str = ""


def begin(  # noqa: PLR0913 - whose request it is, and from where
    ephemeral: EphemeralStore,
    transaction: AuthenticationTransaction,
    *,
    signed_in: SignedIn | None,
    place: dict[str, Any],
    now: datetime,
    ttl: int,
) -> bool:
    """Make a request for this transaction, in place of its last one; False if too many.

    `place` (`source`, `user_agent`) is where from, as the approver will see it.
    """
    counter = f"crossings:{transaction.id}"
    if ephemeral.count(counter, ttl=3600) > _MOST_PER_TRANSACTION:
        return False
    former = ephemeral.get(f"crossing-of:{transaction.id}")
    if former:
        ephemeral.drop(f"crossing:{former['code']}", f"crossed:{former['code']}")
    code = secrets.token_urlsafe(32)
    number = str(_SMALLEST + secrets.randbelow(_NUMBERS))
    asked = transaction.request
    ephemeral.put(
        f"crossing:{code}",
        {
            "transaction": transaction.id,
            "browser": transaction.browser,
            "number": number,
            "client_id": asked.client_id if asked else None,
            "account": str(signed_in.account.id) if signed_in else None,
            "place": place,
            "made_at": now.isoformat(),
        },
        ttl=ttl,
    )
    expires = (now + timedelta(seconds=ttl)).isoformat()
    ephemeral.put(
        f"crossing-of:{transaction.id}",
        {"code": code, "number": number, "expires_at": expires},
        ttl=ttl + _LINGER,
    )
    return True


def screen(
    ephemeral: EphemeralStore, transaction: AuthenticationTransaction, *, now: datetime
) -> Screen:
    """Return what the first device shows now; looking changes nothing."""
    own = ephemeral.get(f"crossing-of:{transaction.id}")
    if own is None:
        return Screen("none")
    crossed = ephemeral.get(f"crossed:{own['code']}")
    if crossed is not None:
        return Screen("approved" if crossed["account"] else "refused")
    if now >= datetime.fromisoformat(own["expires_at"]):
        return Screen("expired")
    return Screen("waiting", own["code"], own["number"])


def find(ephemeral: EphemeralStore, code: str) -> Request | None:
    """Return the request of a scanned code while it waits."""
    value = ephemeral.get(f"crossing:{code}")
    return _request(code, value) if value else None


def refusal(request: Request, signed_in: SignedIn, own_browser: str) -> Refusal | None:
    """Say why this session cannot approve: it is no other device, or proves too little.

    A chain of devices would leave nobody at its beginning.
    """
    if hmac.compare_digest(request.browser, browser.digest(own_browser).hex()):
        return "same_browser"
    if any(event.method == "device" for event in signed_in.session.events):
        return "vouched_for"
    if request.account_id not in (None, signed_in.account.id):
        return "other_account"
    return None


def decide(
    ephemeral: EphemeralStore,
    request: Request,
    signed_in: SignedIn,
    *,
    number: str | None,
    ttl: int,
) -> bool:
    """Use the code up: approve with the right number, refuse with any other, or None.

    Of parallel decisions one counts; a wrong number ends the request like a refusal.
    """
    if ephemeral.take(f"crossing:{request.code}") is None:
        return False
    typed = (number or "").strip().encode()
    is_right = hmac.compare_digest(typed, request.number.encode())
    pair = assurance.earned(signed_in.session.events, signed_in.account.level)
    ephemeral.put(
        f"crossed:{request.code}",
        {
            "transaction": request.transaction_id,
            "account": str(signed_in.account.id) if is_right else None,
            "two_factors": pair.authentication_level > 1,
            "at": pair.auth_time.isoformat(),
            "adds": request.account_id is not None,
        },
        ttl=ttl,
    )
    return is_right


@dataclass(frozen=True, slots=True)
class Approval:
    """What came back: whose, what it counts for, and whether it adds to a session."""

    account_id: UUID
    factor: VerifiedFactor
    adds: bool


def redeem(
    ephemeral: EphemeralStore, transaction: AuthenticationTransaction
) -> Approval | None:
    """Take the approval of this transaction's request: once, and only its own."""
    own = ephemeral.take(f"crossing-of:{transaction.id}")
    crossed = ephemeral.take(f"crossed:{own['code']}") if own else None
    if crossed is None or not crossed["account"]:
        return None
    if crossed["transaction"] != transaction.id:
        return None
    # Its time is the time of what the other device had proven, not of the approval.
    factor = VerifiedFactor(
        "device",
        datetime.fromisoformat(crossed["at"]),
        flags=(TWO_FACTORS,) if crossed["two_factors"] else (),
    )
    return Approval(UUID(crossed["account"]), factor, adds=crossed["adds"])


def _request(code: str, value: dict[str, Any]) -> Request:
    return Request(
        code=code,
        transaction_id=value["transaction"],
        browser=value["browser"],
        number=value["number"],
        client_id=value["client_id"],
        account_id=UUID(value["account"]) if value["account"] else None,
        place=value["place"],
        made_at=datetime.fromisoformat(value["made_at"]),
    )
