"""The truth table from authentication events to levels, `acr` and `amr`.

Two axes that are never merged: the account level (how the identity was established)
and the authentication level (how this sign-in was proven, Decree 69/2024 art. 20).
An `acr` names a pair as a minimum.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from idp.authentication.session import AuthenticationEvent, SignInAccount

PREFIX = "urn:dinhdanh:acr:"
# The national portal's older spelling (LoA1, LoA2), kept as aliases.
ALIASES = {"LoA1": (1, 1), "LoA2": (2, 2)}

# Decree 69/2024 art. 20: what the person knows, has or is.
_KIND = {"pwd": "knowledge", "totp": "possession", "sms": "possession"}
# RFC 8176 §2 names of the methods.
_AMR = {"pwd": "pwd", "totp": "otp", "sms": "sms"}

_PAIR = re.compile(re.escape(PREFIX) + r"([12])\.([1-4])")


@dataclass(frozen=True, slots=True)
class Earned:
    """What a session has earned: the pair, the methods, and since when it holds."""

    account_level: int
    authentication_level: int
    amr: tuple[str, ...]
    auth_time: datetime


def earned(events: Sequence[AuthenticationEvent], account_level: int) -> Earned:
    """Compute what these events (at least one) prove for an account of this level.

    `auth_time` is the oldest of the events that count: of each kind the latest.
    """
    latest: dict[str, AuthenticationEvent] = {}
    for event in sorted(events, key=lambda item: item.at):
        latest[_KIND[event.method]] = event
    methods = {event.method for event in events}
    amr = tuple(_AMR[method] for method in _AMR if method in methods)
    return Earned(
        account_level=account_level,
        authentication_level=_level(methods),
        amr=(*amr, "mfa") if len(latest) > 1 else amr,
        auth_time=min(event.at for event in latest.values()),
    )


def _level(methods: Iterable[str]) -> int:
    # Art. 20: one factor is level 1, two different ones without biometrics level 2.
    return min(len({_KIND[method] for method in methods if method in _KIND}), 2)


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


def reachable(account: SignInAccount, value: str) -> bool:
    """Say whether the account could satisfy `value` with the factors that it has."""
    wanted = parse(value)
    return (
        wanted is not None
        and account.level >= wanted[0]
        and _level(account.factors) >= wanted[1]
    )


def supported_acr_values() -> list[str]:
    """Return every value that some account can earn with today's factors."""
    levels = range(1, _level(_KIND) + 1)
    pairs = [f"{PREFIX}{account}.{level}" for account in (1, 2) for level in levels]
    return [*pairs, *ALIASES]
