"""`fapi-ciba-id1-test-plan`: which signed calls are taken (CIBA Core 1.0 §7.1.1)."""

from typing import Any

import pytest

from idp.provider import Provider
from tests.conformance.ciba_suite import CibaSuite
from tests.conformance.fapi2_suite import RSA, ec_key, signed, stamp
from tests.conformance.suite import ISSUER
from tests.integration.token_side import assert_refused

MINUTE = 60
# Times are seconds from now.
ASSERTIONS: dict[str, dict[str, Any]] = {
    "no sub": {"sub": None},
    "wrong sub": {"sub": "somebody"},
    "no iss": {"iss": None},
    "wrong iss": {"iss": "somebody"},
    "no aud": {"aud": None},
    "unrelated aud": {"aud": "https://other.example"},
    "exp in the past": {"iat": -6 * MINUTE, "exp": -5 * MINUTE},
}


@pytest.fixture
def suite(provider: Provider) -> CibaSuite:
    """Return the plan's first client."""
    return CibaSuite(provider)


SOUND: list[dict[str, Any]] = [
    {"binding_message": "1234"},
    {"scope": "profile openid"},
    {"aud": [ISSUER, "https://other.example"]},
    {"nbf": 8, "iat": 8},
]


def test_calls_that_succeed(suite: CibaSuite) -> None:
    """with-binding-message, other-scope-order, and clocks that differ a little."""
    for changes in SOUND:
        assert suite.call(**changes)


def test_an_odd_binding_message(suite: CibaSuite) -> None:
    """potentially-bad-binding-message: what would not show is refused by its name."""
    shown = suite.ask(binding_message="1234 \U0001f4a9 🖊 %20")
    unseen = suite.ask(binding_message="a\u202eb")

    assert shown.status_code == 200
    assert_refused(unseen, "invalid_binding_message")


UNSOUND: dict[str, dict[str, Any]] = {
    "no aud": {"aud": None},
    "bad aud": {"aud": "https://other.example"},
    "no iss": {"iss": None},
    "bad iss": {"iss": "https://other.example"},
    "another client's iss": {"iss": "ciba-second"},
    "no exp": {"exp": None},
    "expired": {"nbf": -10 * MINUTE, "iat": -10 * MINUTE, "exp": -5 * MINUTE},
    "exp in 70 minutes": {"exp": 70 * MINUTE},
    "no iat": {"iat": None},
    "no nbf": {"nbf": None},
    "nbf in 10 minutes": {"nbf": 10 * MINUTE},
    "nbf 70 minutes ago": {"nbf": -70 * MINUTE},
    "no jti": {"jti": None},
    "two hints": {"id_token_hint": "x"},
    "no hint": {"login_hint": None},
    "another request inside": {"request": "x"},
}


def test_unsound_calls_are_refused(suite: CibaSuite) -> None:
    """request-object-…-fails, multiple-hints-fails: one thing wrong at a time."""
    refused = {name: suite.ask(**changes) for name, changes in UNSOUND.items()}

    taken = [name for name, told in refused.items() if told.status_code != 400]
    assert taken == []
    for told in refused.values():
        assert_refused(told, "invalid_request")


def test_calls_that_the_client_did_not_sign_so(suite: CibaSuite) -> None:
    """none, a spoiled signature, RS256, another key, and nothing signed at all."""
    sound = signed(suite.claims(), suite.key)
    header, payload, _ = sound.split(".")
    for request in (
        f"eyJhbGciOiJub25lIn0.{payload}.",
        f"{header}.{payload}.{'A' * 86}",
        signed(suite.claims(), RSA, alg="RS256"),
        signed(suite.claims(), ec_key("client")),
        "",
    ):
        assert_refused(suite.ask(request), "invalid_request")
    plain = suite.claims() | suite.assertion()
    unsigned = suite.client.post("/backchannel_authentication", data=plain)
    assert_refused(unsigned, "invalid_request")
    assert suite.ask(sound).status_code == 200


def test_unsound_assertions_are_refused(suite: CibaSuite) -> None:
    """ensure-invalid-client-assertions-…-fail; a sound one is taken afterwards."""
    sound = suite.assertion()
    header, payload, _ = sound["client_assertion"].split(".")
    unsound = [suite.assertion(**in_time(said)) for said in ASSERTIONS.values()]
    unsound += [
        {"client_id": suite.client_id},
        {"client_assertion": sound["client_assertion"]},
        {**sound, "client_assertion_type": "urn:other"},
        {**sound, "client_assertion": f"eyJhbGciOiJub25lIn0.{payload}."},
        {**sound, "client_assertion": f"{header}.{payload}.{'A' * 86}"},
        suite.assertion(alg="RS256", key=RSA),
    ]

    for credentials in unsound:
        told = suite.ask(credentials=credentials)
        assert told.status_code in (400, 401)
        assert told.get_json()["error"] in ("invalid_client", "invalid_request")
    assert suite.ask(credentials=sound).status_code == 200


def in_time(said: dict[str, Any]) -> dict[str, Any]:
    """Return the claims with times as of now."""
    return {
        name: stamp(value) if isinstance(value, int) else value
        for name, value in said.items()
    }
