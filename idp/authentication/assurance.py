"""The truth table from authentication events to levels, `acr` and `amr`.

Two axes that are never merged: the account level (how the identity was established)
and the authentication level (how this sign-in was proven, Decree 69/2024 art. 20).
An `acr` names a pair as a minimum.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.authentication.session import AuthenticationEvent, SignInAccount
from idp.factors.results import (
    COUNTS_AS_BIOMETRIC,
    DEVICE_BOUND,
    TWO_FACTORS,
    USER_VERIFIED,
)

PREFIX = "urn:dinhdanh:acr:"
# The national portal's older spelling (LoA1, LoA2), kept as aliases.
ALIASES = {"LoA1": (1, 1), "LoA2": (2, 2)}

_DEVICE_AT_MOST = 2

KNOWLEDGE, POSSESSION, BIOMETRIC = "knowledge", "possession", "biometric"


_PAIR = re.compile(re.escape(PREFIX) + r"([12])\.([1-4])")


@dataclass(frozen=True, slots=True)
class Earned:
    """What a session has earned: the pair, the methods, and since when it holds."""

    account_level: int
    authentication_level: int
    amr: tuple[str, ...]
    auth_time: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """What one proven factor counts for: kinds of art. 20, and RFC 8176 names."""

    kinds: frozenset[str]
    amr: tuple[str, ...]


def proof(method: str, flags: Collection[str] = ()) -> Proof:
    """Return what one event counts for: the truth table, row by row.

    A user-verified passkey is possession of the authenticator and, by its PIN or
    gesture, a second kind: knowledge, or what the law calls a biometric where the
    operator's setting said so at the time. A chip proves possession alone. A passcode
    is knowledge too short to count: it confirms an action and adds no kind.
    """
    if method == "passkey":
        bound = "hwk" if DEVICE_BOUND in flags else "swk"
        if USER_VERIFIED not in flags:
            return Proof(frozenset({POSSESSION}), (bound,))
        second = BIOMETRIC if COUNTS_AS_BIOMETRIC in flags else KNOWLEDGE
        return Proof(frozenset({POSSESSION, second}), (bound, "user"))
    if method == "device":
        # Another device vouches (mca) for what its session had proven. Below level 2
        # that was a password, and the same password here is no second factor.
        kinds = {POSSESSION, KNOWLEDGE} if TWO_FACTORS in flags else {KNOWLEDGE}
        return Proof(frozenset(kinds), ("mca",))
    return _SINGLE[method]


_SINGLE = {
    "pwd": Proof(frozenset({KNOWLEDGE}), ("pwd",)),
    "totp": Proof(frozenset({POSSESSION}), ("otp",)),
    "sms": Proof(frozenset({POSSESSION}), ("sms",)),
    "recovery": Proof(frozenset({POSSESSION}), ("otp",)),
    "chip": Proof(frozenset({POSSESSION}), ("sc",)),
    "passcode": Proof(frozenset(), ()),
}
_AMR_ORDER = ("pwd", "otp", "sms", "sc", "hwk", "swk", "user", "mca")


def earned(events: Sequence[AuthenticationEvent], account_level: int) -> Earned:
    """Compute what these events prove for an account of this level.

    At least one of them counts: no session begins with a passcode. `auth_time` is the
    oldest of the events that count: of each kind the latest. What another device
    vouches for lifts nothing above level 2.
    """
    latest: dict[str, AuthenticationEvent] = {}
    own: set[str] = set()
    names: set[str] = set()
    for event in sorted(events, key=lambda item: item.at):
        counted = proof(event.method, event.flags)
        latest.update(dict.fromkeys(counted.kinds, event))
        names.update(counted.amr)
        if event.method != "device":
            own.update(counted.kinds)
    amr = tuple(name for name in _AMR_ORDER if name in names)
    return Earned(
        account_level=account_level,
        authentication_level=max(level(own), min(level(latest), _DEVICE_AT_MOST)),
        amr=(*amr, "mfa") if len(latest) > 1 else amr,
        auth_time=min(event.at for event in latest.values()),
    )


def level(kinds: Collection[str]) -> int:
    """Return the authentication level that these kinds reach (D69/2024 art. 20)."""
    if {KNOWLEDGE, POSSESSION, BIOMETRIC} <= set(kinds):
        return 4
    if len(kinds) > 1:
        return 3 if BIOMETRIC in kinds else 2
    return 1 if kinds else 0


def ceiling(factors: Iterable[str], *, biometric: bool = False) -> int:
    """Return the level that an account with these factors could reach at best."""
    flags = (USER_VERIFIED, *((COUNTS_AS_BIOMETRIC,) if biometric else ()))
    kinds: set[str] = set()
    for factor in factors:
        if factor == "security_key":
            kinds |= proof("passkey").kinds
        else:
            kinds |= proof(factor, flags).kinds
    return level(kinds)


def parse(value: str) -> tuple[int, int] | None:
    """Return the pair that an `acr` value names, or None for a value not ours."""
    if value in ALIASES:
        return ALIASES[value]
    match = _PAIR.fullmatch(value)
    return (int(match[1]), int(match[2])) if match else None


def acr(pair: Earned) -> str:
    """Return the `acr` that names exactly what was earned."""
    return f"{PREFIX}{pair.account_level}.{pair.authentication_level}"


def satisfies(pair: Earned, value: str) -> bool:
    """Say whether what was earned is at least `value` on both axes."""
    wanted = parse(value)
    return (
        wanted is not None
        and pair.account_level >= wanted[0]
        and pair.authentication_level >= wanted[1]
    )


def answer(requested: Iterable[str], pair: Earned) -> str:
    """Return the `acr` to answer: the first requested value that was earned, as spelt.

    If there is none, the earned pair itself: the truth, never an echo.
    """
    return next((value for value in requested if satisfies(pair, value)), acr(pair))


def reachable(account: SignInAccount, value: str, *, biometric: bool = False) -> bool:
    """Say whether the account could satisfy `value` with the factors that it has."""
    wanted = parse(value)
    return (
        wanted is not None
        and account.level >= wanted[0]
        and ceiling(account.factors, biometric=biometric) >= wanted[1]
    )


def supported_acr_values(*, biometric: bool = False) -> list[str]:
    """Return every value that some account can earn with today's factors."""
    highest = ceiling(("pwd", "passkey"), biometric=biometric)
    levels = range(1, highest + 1)
    pairs = [f"{PREFIX}{account}.{level}" for account in (1, 2) for level in levels]
    return [*pairs, *ALIASES]
