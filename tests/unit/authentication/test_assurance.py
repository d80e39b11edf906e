"""The truth table from events to levels, acr and amr."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authentication import assurance
from idp.authentication.session import AuthenticationEvent, SignInAccount

T0 = datetime(2026, 11, 21, 8, tzinfo=UTC)


def events(*methods: str) -> tuple[AuthenticationEvent, ...]:
    """One event a minute, in this order."""
    return tuple(
        AuthenticationEvent(method, T0 + timedelta(minutes=minute))
        for minute, method in enumerate(methods)
    )


@pytest.mark.parametrize(
    ("methods", "level", "amr", "minute"),
    [
        (("pwd",), 1, ("pwd",), 0),
        (("totp",), 1, ("otp",), 0),
        (("sms", "totp"), 1, ("otp", "sms"), 1),
        (("pwd", "totp"), 2, ("pwd", "otp", "mfa"), 0),
        (("pwd", "sms"), 2, ("pwd", "sms", "mfa"), 0),
        (("pwd", "sms", "totp"), 2, ("pwd", "otp", "sms", "mfa"), 0),
        (("totp", "pwd", "sms"), 2, ("pwd", "otp", "sms", "mfa"), 1),
        (("pwd", "pwd"), 1, ("pwd",), 1),
        (("chip",), 1, ("sc",), 0),
        (("chip", "totp"), 1, ("otp", "sc"), 1),
        (("chip", "pwd"), 2, ("pwd", "sc", "mfa"), 0),
        (("recovery", "totp"), 1, ("otp",), 1),
        (("pwd", "passkey"), 2, ("pwd", "swk", "mfa"), 0),
        (("device", "pwd"), 1, ("pwd", "mca"), 1),
        (("pwd", "passcode"), 1, ("pwd",), 0),
        (("chip", "passcode"), 1, ("sc",), 0),
        (("pwd", "sms", "passcode"), 2, ("pwd", "sms", "mfa"), 0),
    ],
)
def test_earned(
    methods: tuple[str, ...], level: int, amr: tuple[str, ...], minute: int
) -> None:
    """Two different kinds of factor are level 2 (Decree 69/2024 art. 20)."""
    earned = assurance.earned(events(*methods), 2)

    assert (earned.authentication_level, earned.amr) == (level, amr)
    assert earned.auth_time == T0 + timedelta(minutes=minute)


@given(
    st.lists(
        st.sampled_from(
            [
                *((method, ()) for method in ("pwd", "totp", "chip", "recovery")),
                ("passkey", ("uv",)),
                ("passkey", ("uv", "bio")),
                ("device", ("mfa",)),
                ("device", ()),
            ]
        ),
        min_size=1,
        max_size=5,
    )
)
def test_another_device_gives_two_at_most(
    proven: list[tuple[str, tuple[str, ...]]],
) -> None:
    """It lifts nothing above level 2, and never lowers what was proven here."""
    made = [
        AuthenticationEvent(method, T0 + timedelta(minutes=minute), flags)
        for minute, (method, flags) in enumerate(proven)
    ]
    own = [event for event in made if event.method != "device"]
    here = assurance.earned(own, 2).authentication_level if own else 0

    level = assurance.earned(made, 2).authentication_level

    assert here <= level <= max(here, 2)


@given(
    st.lists(
        st.sampled_from(("pwd", "totp", "sms", "chip", "recovery")),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(min_value=0, max_value=4), min_size=1, max_size=3),
)
def test_a_passcode_changes_nothing_that_is_told(
    methods: list[str], places: list[int]
) -> None:
    """Wherever it stands among the proofs: no level, no method, no fresher time."""
    made = list(events(*methods))
    confirmed = [
        AuthenticationEvent("passcode", T0 + timedelta(minutes=place, seconds=30))
        for place in places
    ]

    assert assurance.earned([*made, *confirmed], 2) == assurance.earned(made, 2)
    factors = (*methods, "passcode")
    assert assurance.ceiling(factors) == assurance.ceiling(methods)


@pytest.mark.parametrize(
    ("value", "pair"),
    [
        ("urn:dinhdanh:acr:2.3", (2, 3)),
        ("urn:dinhdanh:acr:1.1", (1, 1)),
        ("LoA1", (1, 1)),
        ("LoA2", (2, 2)),
        ("urn:dinhdanh:acr:3.1", None),
        ("urn:dinhdanh:acr:2.5", None),
        ("urn:dinhdanh:acr:2.2 ", None),
        ("URN:dinhdanh:acr:2.2", None),
        ("urn:dinhdanh:acr:٢.٢", None),
        ("2", None),
        ("", None),
    ],
)
def test_parse(value: str, pair: tuple[int, int] | None) -> None:
    """A value names a pair, in one spelling, or nothing of ours."""
    assert assurance.parse(value) == pair


@pytest.mark.parametrize(
    ("requested", "answered"),
    [
        ((), "urn:dinhdanh:acr:2.2"),
        (("urn:dinhdanh:acr:1.1",), "urn:dinhdanh:acr:1.1"),
        (("urn:dinhdanh:acr:2.3", "LoA2"), "LoA2"),
        (("LoA1", "LoA2"), "LoA1"),
        (("urn:dinhdanh:acr:2.3",), "urn:dinhdanh:acr:2.2"),
        (("urn:other", "urn:dinhdanh:acr:2.1"), "urn:dinhdanh:acr:2.1"),
    ],
)
def test_answer(requested: tuple[str, ...], answered: str) -> None:
    """The first requested value that was earned, as it was spelt; else the truth."""
    earned = assurance.earned(events("pwd", "totp"), 2)

    assert assurance.answer(requested, earned) == answered


@given(
    st.lists(st.sampled_from(("pwd", "totp", "sms")), min_size=1, max_size=5),
    st.sampled_from((1, 2)),
    st.lists(st.text(max_size=24) | st.sampled_from(assurance.supported_acr_values())),
)
def test_answer_is_earned(methods: list[str], level: int, requested: list[str]) -> None:
    """Whatever is requested, the answer is satisfied: never an echo."""
    earned = assurance.earned(events(*methods), level)

    assert assurance.satisfies(earned, assurance.answer(requested, earned))


def test_supported_values_with_biometrics() -> None:
    """Levels 3 and 4 are advertised only where the setting lets somebody reach them."""
    best = SignInAccount(UUID(int=1), 2, "active", (), frozenset({"pwd", "passkey"}))
    added = set(assurance.supported_acr_values(biometric=True)) - set(
        assurance.supported_acr_values()
    )

    assert added == {
        f"urn:dinhdanh:acr:{account}.{level}" for account in (1, 2) for level in (3, 4)
    }
    for value in added:
        assert assurance.reachable(best, value, biometric=True)
        assert not assurance.reachable(best, value)


def test_supported_values_are_reachable() -> None:
    """What is advertised can be earned by some account, without the setting."""
    best = SignInAccount(
        UUID(int=1), 2, "active", (), frozenset({"pwd", "totp", "sms"})
    )

    assert assurance.supported_acr_values() == [
        "urn:dinhdanh:acr:1.1",
        "urn:dinhdanh:acr:1.2",
        "urn:dinhdanh:acr:2.1",
        "urn:dinhdanh:acr:2.2",
        "LoA1",
        "LoA2",
    ]
    assert all(
        assurance.reachable(best, value) for value in assurance.supported_acr_values()
    )
    assert not assurance.reachable(best, "urn:dinhdanh:acr:2.3")
