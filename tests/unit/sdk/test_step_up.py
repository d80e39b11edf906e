"""RFC 9470 in clients/sdk: what is enough, how it is asked for, how that is read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.sdk.step_up import (
    Requirement,
    challenge,
    parse_challenge,
    satisfies,
    unmet,
)
from idp.authentication import assurance

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ACR = "urn:dinhdanh:acr:"
AGO = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("claims", "requirement", "is_enough"),
    [
        ({"acr": f"{ACR}2.2"}, Requirement((f"{ACR}2.2",)), True),
        ({"acr": f"{ACR}2.2"}, Requirement((f"{ACR}2.1",)), True),
        ({"acr": f"{ACR}2.2"}, Requirement(("LoA2",)), True),
        ({"acr": "LoA2"}, Requirement((f"{ACR}1.2",)), True),
        ({"acr": f"{ACR}1.4"}, Requirement((f"{ACR}2.2",)), False),
        ({"acr": f"{ACR}2.1"}, Requirement((f"{ACR}2.2", f"{ACR}1.1")), True),
        ({"acr": "phr"}, Requirement(("phr",)), True),
        ({"acr": "phr"}, Requirement((f"{ACR}1.1",)), False),
        ({}, Requirement((f"{ACR}1.1",)), False),
        ({"acr": 2.2}, Requirement((f"{ACR}1.1",)), False),
        ({"auth_time": AGO - 300}, Requirement(max_age=300), True),
        ({"auth_time": AGO - 306}, Requirement(max_age=300), False),
        ({"auth_time": AGO + 60}, Requirement(max_age=300), False),
        ({"auth_time": True}, Requirement(max_age=300), False),
        ({"auth_time": "1"}, Requirement(max_age=10**9), False),
        ({}, Requirement(max_age=0), False),
        ({}, Requirement(), True),
        (
            {"acr": f"{ACR}2.2", "auth_time": AGO - 999},
            Requirement((f"{ACR}2.2",), 300),
            False,
        ),
    ],
)
def test_what_is_enough(
    claims: dict[str, object], requirement: Requirement, is_enough: bool
) -> None:
    """Both axes count, what is missing is unmet, and a future proof is none."""
    assert (unmet(claims, requirement, now=NOW) is None) == is_enough


def test_the_challenge() -> None:
    """It reads as RFC 9470 §3 shows it."""
    asked = Requirement((f"{ACR}2.2", "LoA2"), max_age=300)

    assert challenge(asked, realm="residence") == (
        'Bearer realm="residence", error="insufficient_user_authentication", '
        'error_description="A stronger or more recent authentication is required", '
        'acr_values="urn:dinhdanh:acr:2.2 LoA2", max_age="300"'
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer error="invalid_token"', None),
        ('Basic realm="x"', None),
        ("", None),
        ('Bearer error="insufficient_user_authentication"', {}),
        (
            "DPoP error=insufficient_user_authentication, max_age=5",
            {"max_age": "5"},
        ),
        (
            'bearer Error="insufficient_user_authentication",ACR_VALUES="a b"',
            {"acr_values": "a b"},
        ),
        (
            'Bearer error="insufficient_user_authentication", uri="//e", a="b"',
            {},
        ),
        ('Bearer error="insufficient_user_authentication", max_age="-1"', {}),
        (
            'Bearer error="insufficient_user_authentication", max_age="1", max_age="2"',
            None,
        ),
    ],
)
def test_reading_a_challenge(header: str, expected: dict[str, str] | None) -> None:
    """Only the two parameters are taken, whatever else a resource server sends."""
    assert parse_challenge(header) == expected


@given(
    values=st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
        max_size=4,
    ),
    max_age=st.none() | st.integers(0, 10**8),
)
def test_there_and_back(values: list[str], max_age: int | None) -> None:
    """What is asked arrives, and a value that could break out is refused."""
    if any(set(value) & {'"', "\\"} for value in values):
        with pytest.raises(ValueError, match="acr value"):
            Requirement(tuple(values), max_age)
        return
    asked = Requirement(tuple(values), max_age)

    read = parse_challenge(challenge(asked)) or {}

    assert tuple(read.get("acr_values", "").split()) == asked.acr_values
    assert read.get("max_age") == (None if max_age is None else str(max_age))


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\nb"])
def test_a_realm_cannot_break_out(realm: str) -> None:
    with pytest.raises(ValueError, match="realm"):
        challenge(Requirement(), realm=realm)


def test_a_negative_age() -> None:
    with pytest.raises(ValueError, match="max_age"):
        Requirement(max_age=-1)


@given(
    st.sampled_from([(a, b) for a in (1, 2) for b in range(1, 5)]),
    st.sampled_from([*assurance.supported_acr_values(biometric=True), "urn:other"]),
)
def test_it_judges_as_the_provider_does(pair: tuple[int, int], wanted: str) -> None:
    """A resource server and the provider never differ on what is enough."""
    earned = assurance.Earned(*pair, (), NOW)

    assert satisfies(assurance.acr(earned), wanted) == assurance.satisfies(
        earned, wanted
    )
