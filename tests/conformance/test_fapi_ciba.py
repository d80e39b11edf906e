"""`fapi-ciba-id1-test-plan`: calls that are answered and collected."""

from typing import Any

import pytest

from idp.provider import Provider
from tests.certificates import Authority
from tests.conformance.ciba_suite import CibaSuite
from tests.conformance.fapi2_suite import RSA
from tests.conformance.modules import move_clock
from tests.conformance.suite import ISSUER
from tests.integration.test_ciba import listening
from tests.integration.token_side import assert_refused, claims_of
from tests.integration.waiting_side import CIBA

FAPI = {"PS256", "ES256"}


@pytest.fixture
def suite(provider: Provider) -> CibaSuite:
    """Return the plan's first client."""
    return CibaSuite(provider)


@pytest.fixture
def second(provider: Provider) -> CibaSuite:
    """Return the plan's second client."""
    return CibaSuite(provider, client_id="ciba-second")


def test_discovery(suite: CibaSuite) -> None:
    """discovery-end-point-verification."""
    told = suite.client.get("/.well-known/openid-configuration").get_json()

    assert told["backchannel_authentication_endpoint"].startswith(ISSUER)
    assert {"poll", "ping"} == set(told["backchannel_token_delivery_modes_supported"])
    assert told["backchannel_user_code_parameter_supported"] is False
    member = "backchannel_authentication_request_signing_alg_values_supported"
    assert set(told[member]) >= FAPI
    assert CIBA in told["grant_types_supported"]
    assert told["tls_client_certificate_bound_access_tokens"] is True


def test_two_clients(suite: CibaSuite, second: CibaSuite) -> None:
    """Tokens of one client's certificate are nothing to the other; a handle is once."""
    level = "urn:dinhdanh:acr:2.1"
    suite.flow()
    called = second.call(requested_expiry=300, acr_values=level)
    second.answer(called)

    tokens = second.poll(called).get_json()

    assert called["expires_in"] == 300
    assert claims_of(tokens["id_token"])["acr"] == level
    assert tokens["expires_in"] > 0
    token = tokens["access_token"]
    assert suite.userinfo(token, second.certificate) == 200
    assert suite.userinfo(token, suite.certificate) == 401
    assert_refused(second.poll(called), "invalid_grant")


def test_a_refusal(suite: CibaSuite) -> None:
    """user-rejects-authentication."""
    called = suite.call()
    suite.answer(called, "deny")

    assert_refused(suite.poll(called), "access_denied")


def test_asking_again_and_again(suite: CibaSuite) -> None:
    """multiple-call-to-token-endpoint."""
    called = suite.call()
    form = {"grant_type": CIBA, "auth_req_id": called["auth_req_id"]}

    assert_refused(suite.token(form), "authorization_pending")
    assert_refused(suite.token(form), "slow_down")


@pytest.mark.parametrize("asked", [10, "10"])
def test_a_call_runs_out(
    suite: CibaSuite, monkeypatch: pytest.MonkeyPatch, asked: Any
) -> None:
    """auth-req-id-expired, requested-expiry-as-string."""
    called = suite.call(requested_expiry=asked)
    move_clock(monkeypatch, seconds=11)

    assert called["expires_in"] == 10
    assert_refused(suite.poll(called), "expired_token")


def test_a_handle_of_another_client(suite: CibaSuite, second: CibaSuite) -> None:
    """wrong-auth-req-id-in-token-endpoint-request."""
    called = second.call()

    assert_refused(suite.poll(called), "invalid_grant")


def test_the_id_of_another_client(suite: CibaSuite, second: CibaSuite) -> None:
    """wrong-client-id, different-client-id-and-issuer."""
    wrong = {"client_id": second.client_id}
    called = suite.call()

    asked = suite.ask(beside=wrong)
    foreign = suite.ask(credentials=second.assertion())
    polled = suite.poll(called, credentials={**suite.assertion(), **wrong})

    for refused in (asked, foreign, polled):
        assert_refused(refused, "invalid_request")


def test_no_client_assertion(suite: CibaSuite) -> None:
    """without-client-assertion, at either endpoint."""
    nothing = {"client_id": suite.client_id}
    called = suite.call()

    assert_refused(suite.ask(credentials=nothing), "invalid_client")
    assert_refused(suite.poll(called, credentials=nothing), "invalid_client")


def test_assertions_by_an_algorithm_of_others(suite: CibaSuite) -> None:
    """client-assertion-signature-algorithm-…-is-RS256-fails, at either endpoint."""
    called = suite.call()
    for ask in (suite.ask, lambda **how: suite.poll(called, **how)):
        weak = suite.assertion(alg="RS256", key=RSA)
        assert_refused(ask(credentials=weak), "invalid_client")


def test_whom_an_assertion_may_be_for(suite: CibaSuite) -> None:
    """CIBA §7.1: the issuer, the token endpoint or this endpoint."""
    for path in ("", "/token", "/backchannel_authentication"):
        called = suite.call(credentials=suite.assertion(aud=ISSUER + path))

        refused = suite.poll(called, credentials=suite.assertion(aud=ISSUER + path))
        assert_refused(refused, "authorization_pending")


def test_refresh_tokens_are_bound(suite: CibaSuite, second: CibaSuite) -> None:
    """To the client, whose tokens stay those of a certificate."""
    tokens = suite.flow(scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    assert_refused(second.token(form), "invalid_grant")
    assert_refused(suite.token(form, with_certificate=False), "invalid_client")
    again = suite.token(form).get_json()
    assert "x5t#S256" in claims_of(again["access_token"])["cnf"]


def test_no_token_without_the_certificate(suite: CibaSuite) -> None:
    """ensure-mtls-holder-of-key-required; the approval is not spent by it."""
    called = suite.call()
    suite.answer(called)

    assert_refused(suite.poll(called, with_certificate=False), "invalid_client")
    token = suite.poll(called).get_json()["access_token"]
    assert suite.userinfo(token, Authority().issue()) == 401


PING = {"backchannel_token_delivery_mode": "ping"}
NOTICE = "backchannel_client_notification_endpoint"


@pytest.mark.parametrize("status", [200, 401, 403, 301])
def test_whatever_a_ping_is_answered(provider: Provider, status: int) -> None:
    """response-has-body, -401, -403, redirect: heard once, followed nowhere."""
    with listening(status) as ear:
        suite = CibaSuite(provider, metadata=PING | {NOTICE: ear.uri})
        called = suite.call(client_notification_token="n" * 32)
        suite.answer(called)
        suite.provider.courier.wait()
        tokens = suite.poll(called)

    assert tokens.status_code == 200
    assert [body for _, body in ear.pings] == [{"auth_req_id": called["auth_req_id"]}]
