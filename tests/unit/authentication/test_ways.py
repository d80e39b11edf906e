"""Which ways are offered after the first proof, and which one is gone to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authentication import assurance, steps, ways
from idp.authentication.session import (
    AuthenticationEvent,
    Session,
    SignedIn,
    SignInAccount,
)
from idp.authentication.transaction import (
    AuthenticationTransaction,
    AuthorizationRequest,
)

T0 = datetime(2026, 11, 21, 8, tzinfo=UTC)
LAN = UUID(int=1)
ACR = assurance.PREFIX
ALL = ("pwd", "totp", "sms", "chip", "passkey")


def signed_in(
    proven: Sequence[str], factors: Sequence[str], held: Sequence[str] = ()
) -> SignedIn:
    """Return Lan with these proofs, a minute ago, and these factors."""
    at = T0 - timedelta(minutes=1)
    events = tuple(AuthenticationEvent(method, at) for method in proven)
    account = SignInAccount(
        LAN, 2, "active", (), frozenset(factors), held=frozenset(held)
    )
    return SignedIn(Session(UUID(int=9), LAN, events, (), at, at), account)


def asks(*acr: str, **changes: object) -> AuthenticationTransaction:
    """Return a transaction whose client insists on one of these values."""
    request = AuthorizationRequest(
        "bank", "https://bank.example/back", essential_acr=acr, **changes
    )
    return AuthenticationTransaction("t", "b", T0, request=request)


def fitting(
    who: SignedIn,
    transaction: AuthenticationTransaction,
    *,
    biometric: bool = False,
    codes: bool = False,
) -> tuple[str, ...]:
    """Return the ways that the chooser would show."""

    def is_enough(proven: SignedIn) -> bool:
        return steps.unmet(
            transaction,
            proven,
            subject=None,
            minimum_acr=None,
            biometric=biometric,
            now=T0,
        ) not in (steps.FACTOR_MISSING, steps.ASSURANCE_TOO_LOW)

    known = ways.available(who, transaction, has_recovery_code=codes)
    return ways.fitting(who, known, is_enough=is_enough, biometric=biometric, now=T0)


@pytest.mark.parametrize(
    ("proven", "factors", "expected"),
    [
        (("pwd",), ("pwd", "totp"), ("totp", "device")),
        (("pwd",), ("pwd", "totp", "sms"), ("totp", "sms", "device")),
        (("pwd",), ALL, ("passkey", "chip", "totp", "sms", "device")),
        (("chip",), ALL, ("passkey", "pwd", "device")),
        (("chip",), ("chip", "pwd"), ("pwd", "device")),
        (("chip",), ("chip", "totp"), ("device",)),
        (("chip",), ("chip", "security_key"), ("device",)),
        (("chip",), ("chip", "security_key", "pwd"), ("pwd", "device")),
        (("pwd",), ("pwd", "security_key", "totp"), ("passkey", "totp", "device")),
        (("sms",), ("pwd", "sms", "totp"), ("pwd", "device")),
    ],
)
def test_only_ways_that_reach_it(
    proven: tuple[str, ...], factors: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """Strongest first; a second possession is no second factor, so it is not shown."""
    assert fitting(signed_in(proven, factors), asks(f"{ACR}2.2")) == expected
    assert fitting(signed_in(proven, factors), asks()) == expected


def test_recovery_codes_come_last() -> None:
    """They are kept for the day when nothing else is at hand."""
    who = signed_in(("pwd",), ("pwd", "totp"))

    assert fitting(who, asks(), codes=True)[-1] == "recovery"


def test_none_left() -> None:
    """A card alone, and a factor that is held back, lead nowhere."""
    strong = AuthenticationTransaction("t", "b", T0, purpose="account", is_strong=True)
    held = signed_in(("pwd",), ("pwd",), held=("sms",))

    assert fitting(signed_in(("chip",), ("chip",)), strong) == ()
    assert steps.unmet_session(held) == steps.FACTOR_MISSING
    assert fitting(held, strong) == ()


def test_two_more_steps() -> None:
    """Where no single way is enough, those of the shortest walk are shown."""
    who = signed_in(("chip",), ALL)

    assert fitting(who, asks(f"{ACR}2.4"), biometric=True) == ("passkey", "pwd")
    assert fitting(who, asks(f"{ACR}2.3"), biometric=True) == ("passkey",)


@pytest.mark.parametrize(
    ("transaction", "offered"),
    [
        (asks(), True),
        (asks(prompt=("login",)), False),
        (asks(max_age=3600), False),
        (asks(prompt=("consent",)), True),
        (AuthenticationTransaction("t", "b", T0, max_age=300), False),
        (AuthenticationTransaction("t", "b", T0, is_strong=True), False),
        (AuthenticationTransaction("t", "b", T0), True),
    ],
)
def test_another_device(transaction: AuthenticationTransaction, offered: bool) -> None:
    """Never where a fresh proof is asked; nor twice in one session."""
    assert ways.device_fits(transaction, None) is offered
    assert not ways.device_fits(transaction, signed_in(("device",), ("pwd",)))


def test_another_device_lifts_nothing_above_two() -> None:
    """It is not shown where more is asked than it can give."""
    who = signed_in(("pwd",), ("pwd", "passkey"))

    assert fitting(who, asks(f"{ACR}2.4"), biometric=True) == ("passkey",)


def test_the_way_used_last() -> None:
    """It comes before a stronger one, if it fits; what was never used does not."""
    used = {"sms": T0, "totp": T0 - timedelta(days=1), "chip": T0 + timedelta(1)}

    assert ways.best(("totp", "sms"), used) == "sms"
    assert ways.best(("passkey", "totp"), used) == "totp"
    assert ways.best(("passkey", "pwd"), used) == "passkey"
    assert ways.best(("passkey",), {"security_key": T0}) == "passkey"
    assert ways.best((), used) is None


@given(
    proven=st.lists(st.sampled_from(ALL), min_size=1, max_size=3),
    factors=st.frozensets(st.sampled_from((*ALL, "security_key"))),
    wanted=st.sampled_from((1, 2, 3, 4)),
    biometric=st.booleans(),
)
def test_every_walk_arrives(
    proven: list[str], factors: frozenset[str], wanted: int, biometric: bool
) -> None:
    """Whoever takes any way that is shown needs fewer steps, and never more of them."""
    who = signed_in(proven, tuple(factors | set(proven)))
    transaction = asks(f"{ACR}2.{wanted}")
    shown = fitting(who, transaction, biometric=biometric)

    for way in shown:
        after = ways._after(who, (way,), biometric=biometric, now=T0)
        step = steps.unmet(
            transaction,
            after,
            subject=None,
            minimum_acr=None,
            biometric=biometric,
            now=T0,
        )

        assert step not in (steps.FACTOR_MISSING, steps.ASSURANCE_TOO_LOW) or fitting(
            after, transaction, biometric=biometric
        )
