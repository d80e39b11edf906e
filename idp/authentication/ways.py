"""Which ways of proving fit what is still asked, strongest and easiest first.

Pure: a way fits if the dispatcher's own rules would be content once it was proven, or
once it and as few others as possible were.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import combinations

from idp.authentication.session import AuthenticationEvent, SignedIn
from idp.authentication.transaction import AuthenticationTransaction
from idp.factors.results import COUNTS_AS_BIOMETRIC, TWO_FACTORS, USER_VERIFIED

# What resists phishing first; then what is at hand; what is kept for bad days last.
ORDER = ("passkey", "chip", "totp", "sms", "pwd", "device", "recovery")
# Which enrolled credentials are proven in which way.
CREDENTIALS = {
    "passkey": ("passkey", "security_key"),
    "chip": ("chip",),
    "totp": ("totp",),
    "sms": ("sms",),
    "pwd": ("pwd",),
}
_MOST_STEPS = 3


def available(
    signed_in: SignedIn,
    transaction: AuthenticationTransaction,
    *,
    has_recovery_code: bool,
) -> tuple[str, ...]:
    """Return the ways that this account could prove in this transaction."""
    ways = {
        way
        for way, kinds in CREDENTIALS.items()
        if signed_in.account.factors.intersection(kinds)
    }
    if has_recovery_code:
        ways.add("recovery")
    if device_fits(transaction, signed_in):
        ways.add("device")
    return tuple(way for way in ORDER if way in ways)


def device_fits(
    transaction: AuthenticationTransaction, signed_in: SignedIn | None
) -> bool:
    """Say whether another device may vouch here.

    Never where a fresh proof is asked, since its own may be hours old; never for what
    decides who may sign in from now on; and once in a session only.
    """
    request = transaction.request
    max_age = request.max_age if request else transaction.max_age
    if transaction.is_strong or max_age is not None:
        return False
    if request and "login" in request.prompt:
        return False
    events = signed_in.session.events if signed_in else ()
    return all(event.method != "device" for event in events)


def fitting(
    signed_in: SignedIn,
    ways: Iterable[str],
    *,
    is_enough: Callable[[SignedIn], bool],
    biometric: bool,
    now: datetime,
) -> tuple[str, ...]:
    """Return the ways of the shortest walk, or walks, to what is asked."""
    known = tuple(ways)
    for length in range(1, _MOST_STEPS + 1):
        enough: set[str] = set()
        for walk in combinations(known, length):
            proven = _after(signed_in, walk, biometric=biometric, now=now)
            if is_enough(proven):
                enough.update(walk)
        if enough:
            return tuple(way for way in ORDER if way in enough)
    return ()


def best(ways: Iterable[str], last_used: Mapping[str, datetime]) -> str | None:
    """Return the way that was used last, or else the first of them."""
    known = tuple(ways)
    times = {
        way: max(last_used[kind] for kind in kinds if kind in last_used)
        for way, kinds in CREDENTIALS.items()
        if way in known and any(kind in last_used for kind in kinds)
    }
    if times:
        return max(times, key=lambda way: times[way])
    return known[0] if known else None


def _after(
    signed_in: SignedIn, walk: Iterable[str], *, biometric: bool, now: datetime
) -> SignedIn:
    """Return the sign-in as it would be once these ways were proven."""
    added = tuple(
        AuthenticationEvent(way, now, _flags(signed_in, way, biometric=biometric))
        for way in walk
    )
    events = (*signed_in.session.events, *added)
    return replace(signed_in, session=replace(signed_in.session, events=events))


def _flags(signed_in: SignedIn, way: str, *, biometric: bool) -> tuple[str, ...]:
    if way == "passkey" and "passkey" in signed_in.account.factors:
        return (USER_VERIFIED, COUNTS_AS_BIOMETRIC) if biometric else (USER_VERIFIED,)
    return (TWO_FACTORS,) if way == "device" else ()
