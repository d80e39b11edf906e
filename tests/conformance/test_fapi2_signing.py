"""`fapi2-message-signing-final-test-plan`: signed requests and signed responses."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt

from tests.conformance.fapi2_suite import RSA, Fapi2Suite, signed, stamp
from tests.conformance.suite import ISSUER, check_keys
from tests.conformance.test_fapi2_requests import assert_refused

SIGNING = {"require_signed_request_object": True}
REFUSED = ("invalid_request_object", "invalid_request")
HOUR = 3600
UNSOUND: dict[str, dict[str, Any]] = {
    "no exp": {"exp": None},
    "no nbf": {"nbf": None},
    "expired": {"nbf": -600, "iat": -600, "exp": -300},
    "other aud": {"aud": "https://other.example"},
    "exp in 70 minutes": {"exp": 70 * 60},
    "nbf 70 minutes ago": {"nbf": -70 * 60, "iat": -70 * 60},
    "not valid yet": {"nbf": 300},
    "another request inside": {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    "no redirect_uri": {"redirect_uri": None},
}


@pytest.fixture
def suite(provider, client) -> Fapi2Suite:
    """Return a client that must sign its requests."""
    return Fapi2Suite(provider, client, metadata=SIGNING)


def claims(suite: Fapi2Suite, **changes: Any) -> dict[str, Any]:
    """Return what a request object says; numbers are seconds from now."""
    times = {"iat": 0, "nbf": 0, "exp": 300} | changes
    said = {
        name: stamp(value) if isinstance(value, int) else value
        for name, value in times.items()
    }
    return {"iss": suite.client_id, "aud": ISSUER, **suite.request(), **said}


def form(suite: Fapi2Suite, request: str) -> dict[str, str]:
    """Return what is pushed."""
    return {"client_id": suite.client_id, "request": request}


def push(suite: Fapi2Suite, **changes: Any) -> Any:
    """Push a request object of the client's own."""
    request = signed(claims(suite, **changes), suite.key)
    return suite.push(form=form(suite, request))


def finish(suite: Fapi2Suite, pushed: Any) -> dict[str, Any]:
    """Go on from a pushed request to its tokens."""
    assert pushed.status_code == 201, pushed.text
    page = suite.answer_pages(suite.load(pushed.get_json()["request_uri"]))
    return suite.tokens(suite.response(page)["code"])


@pytest.mark.parametrize(
    "changes", [{}, {"aud": [ISSUER, "https://other.example"]}, {"nbf": 8, "iat": 8}]
)
def test_signed_requests_succeed(suite, changes):
    """happy-flow, with-multiple-aud, with-nbf-8-seconds-in-the-future."""
    assert finish(suite, push(suite, **changes))["claims"]


@pytest.mark.parametrize("name", UNSOUND)
def test_unsound_request_objects_are_refused(suite, name):
    """One thing wrong at a time."""
    assert_refused(push(suite, **UNSOUND[name]), *REFUSED)


def test_objects_that_the_client_did_not_sign_so(provider, client, suite):
    """RS256, none, a spoiled signature, another client's key, and no object at all."""
    other = Fapi2Suite(provider, client, client_id="fapi2-second")
    token = signed(claims(suite), suite.key)
    header, payload, _ = token.split(".")
    for request in (
        signed(claims(suite), RSA, alg="RS256"),
        signed(claims(suite), other.key),
        f"eyJhbGciOiJub25lIn0.{payload}.",
        f"{header}.{payload}.{'A' * 86}",
    ):
        assert_refused(suite.push(form=form(suite, request)), *REFUSED)
    assert_refused(suite.push(), *REFUSED)


def test_only_what_is_inside_counts(suite):
    """Another nonce and another state beside the object."""
    said = signed(claims(suite), suite.key)
    beside = {**form(suite, said), "nonce": "beside", "state": "beside"}

    tokens = finish(suite, suite.push(form=beside))

    assert tokens["claims"]["nonce"] == suite.sent["nonce"]


def test_a_state_beside_the_object_is_not_used(suite):
    """state-only-outside-request-object-not-used."""
    said = claims(suite, state=None)
    suite.sent.pop("state")
    beside = {**form(suite, signed(said, suite.key)), "state": "beside"}

    assert finish(suite, suite.push(form=beside))["claims"]


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_responses_are_signed(suite, mode):
    """JARM §2.1: issuer, audience, end, state and code inside one JWT, ES256."""
    pushed = push(suite, response_mode=mode)
    page = suite.answer_pages(suite.load(pushed.get_json()["request_uri"]))

    sent = parse_qs(urlsplit(page.headers["Location"]).query)
    keys = check_keys(suite.client.get("/jwks.json").get_json())
    (response,) = sent.pop("response")
    told = jwt.decode(response, keys, algorithms=["ES256"]).claims
    assert not sent
    assert told["iss"] == ISSUER
    assert told["aud"] == suite.client_id
    assert stamp() < told["exp"] <= stamp(600)
    assert told["state"] == suite.sent["state"]
    assert suite.tokens(told["code"])["claims"]
