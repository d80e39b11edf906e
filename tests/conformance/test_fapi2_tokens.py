"""`fapi2-security-profile-final-test-plan`: what a code and its tokens are worth."""

from dataclasses import replace

import pytest

from idp.app import create_app
from tests.conformance.fapi2_suite import Fapi2Suite
from tests.conformance.modules import move_clock
from tests.conformance.suite import check_token_error
from tests.conformance.test_fapi2_requests import assert_refused
from tests.holder import Holder

UNPROVEN = ("invalid_dpop_proof", "invalid_grant", "invalid_request")


@pytest.fixture
def suite(provider, client) -> Fapi2Suite:
    """Return the plan's first client in a fresh browser."""
    return Fapi2Suite(provider, client)


@pytest.fixture
def second(provider, client) -> Fapi2Suite:
    """Return the plan's second client."""
    return Fapi2Suite(provider, client, client_id="fapi2-second")


@pytest.mark.parametrize("scheme", ["dPoP", "DPOP"])
def test_the_scheme_is_read_in_any_case(suite, scheme):
    """access-token-type-header-case-sensitivity."""
    token = suite.flow()["access_token"]
    headers = suite.holder.headers("GET", "/userinfo", token)
    headers["Authorization"] = f"{scheme} {token}"

    assert suite.client.get("/userinfo", headers=headers).status_code == 200


@pytest.mark.parametrize("as_form", [True, False])
def test_a_code_of_another_key(suite, as_form):
    """`dpop_jkt` pushed as a parameter or by a proof: another key redeems nothing."""
    proof = None if as_form else suite.holder.proof("POST", "/par")
    named = suite.holder.jkt if as_form else None
    code = suite.authorize(proof=proof, dpop_jkt=named)["code"]

    refused = suite.redeem(code, proof=Holder().proof("POST", "/token"))

    assert_refused(refused, *UNPROVEN)


def test_no_token_without_a_proof(suite):
    """ensure-holder-of-key-required: nothing has to be registered for it."""
    refused = suite.redeem(suite.authorize()["code"], proof=None)

    assert_refused(refused, *UNPROVEN)


def test_the_id_of_another_client(suite, second):
    """ensure-client-id-in-token-endpoint."""
    refused = suite.redeem(suite.authorize()["code"], client_id=second.client_id)

    assert_refused(refused, "invalid_client", "invalid_request")


def test_a_code_is_bound_to_its_client(suite, second):
    """Whoever else presents it gets nothing, and it is not spent."""
    code = suite.authorize()["code"]

    check_token_error(
        second.redeem(code, code_verifier=suite.verifier), "invalid_grant"
    )
    assert suite.tokens(code)


def test_a_code_serves_once(suite, monkeypatch):
    """A second later it is refused, and the first token dies."""
    code = suite.authorize()["code"]
    tokens = suite.tokens(code)
    move_clock(monkeypatch, seconds=1)

    check_token_error(suite.redeem(code), "invalid_grant")
    headers = suite.holder.headers("GET", "/userinfo", tokens["access_token"])
    assert suite.client.get("/userinfo", headers=headers).status_code == 401


def test_a_code_lives_a_minute_at_most(provider, monkeypatch):
    """§5.3.2.1, even where other clients' codes live longer."""
    lifetimes = replace(provider.config.lifetimes, code=600)
    longer = replace(provider, config=replace(provider.config, lifetimes=lifetimes))
    client = create_app(provider=longer).test_client()
    suite = Fapi2Suite(longer, client)
    code = suite.authorize()["code"]
    move_clock(monkeypatch, seconds=61)

    check_token_error(suite.redeem(code), "invalid_grant")


def test_no_token_without_a_client_assertion(suite):
    """A client_id proves nothing."""
    credentials = {"client_id": suite.client_id}

    refused = suite.redeem(suite.authorize()["code"], credentials=credentials)

    assert_refused(refused, "invalid_client", "invalid_request")


@pytest.mark.parametrize("verifier", ["", "w" * 43])
def test_pkce_is_proven_at_the_token_endpoint(suite, verifier):
    """code-verifier-required, incorrect-pkce-code-verifier-rejected."""
    refused = suite.redeem(suite.authorize()["code"], code_verifier=verifier)

    assert_refused(refused, "invalid_grant", "invalid_request")


def test_refresh_tokens_stay(suite, second, monkeypatch):
    """§5.3.2.1: no rotation; bound to the client, and no token without a key."""
    first = suite.flow(scope="openid offline_access", prompt="consent")
    token = first["refresh_token"]
    again = suite.checked(suite.refresh(token), is_refreshed=True)
    move_clock(monkeypatch, seconds=30)
    third = suite.checked(suite.refresh(token), is_refreshed=True)

    assert again["refresh_token"] == third["refresh_token"] == token
    for claim in ("iss", "sub", "aud", "auth_time"):
        assert third["claims"][claim] == first["claims"][claim]
    assert suite.userinfo(third)
    form = {"grant_type": "refresh_token", "refresh_token": token}
    assert_refused(suite.post_token(proof=None, **form), *UNPROVEN)
    check_token_error(second.refresh(token), "invalid_grant")
    refused = suite.post_token(credentials={"client_id": suite.client_id}, **form)
    assert_refused(refused, "invalid_client")


def test_a_refresh_token_that_lies_idle_dies(suite, monkeypatch):
    """Each use begins its time anew, and nothing else does."""
    idle = suite.provider.config.lifetimes.refresh_idle
    token = suite.flow(scope="openid offline_access", prompt="consent")["refresh_token"]
    for _ in range(2):
        move_clock(monkeypatch, seconds=idle - 5)
        assert suite.refresh(token).status_code == 200

    move_clock(monkeypatch, seconds=idle + 5)
    check_token_error(suite.refresh(token), "invalid_grant")
