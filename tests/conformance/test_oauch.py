"""What the OAuch suite tries against a server, as far as no other test does."""

import math
from urllib.parse import urlencode

import pytest

from idp import clock
from tests.conformance.suite import (
    CALLBACK,
    Suite,
    check_entropy,
    check_token_error,
    register,
)
from tests.driver import SECRET, Portal, answer, error_code
from tests.integration.token_side import basic


@pytest.fixture
def suite(provider, client) -> Suite:
    """Return a client that need not send PKCE, in a fresh browser."""
    register(provider, "suite-client")
    return Suite(provider, client)


@pytest.mark.parametrize(
    "address",
    [
        f"{CALLBACK}/",
        f"{CALLBACK}/../callback",
        f"{CALLBACK}/..%2fother",
        f"{CALLBACK}?code=x",
        f"{CALLBACK}?",
        f"{CALLBACK}#",
        f"{CALLBACK}%00",
        CALLBACK.upper(),
        CALLBACK.replace("https", "http"),
        CALLBACK.replace("suite.example", "suite.example:443"),
        CALLBACK.replace("suite.example", "suite.example.evil.example"),
        CALLBACK.replace("suite.example", "suite.example@evil.example"),
        CALLBACK.replace("suite.example", "evil.example\\@suite.example"),
        f" {CALLBACK}",
        "",
        None,
    ],
)
def test_redirect_uri_is_compared_as_it_is(suite, address):
    """Path confusion, parameter pollution, case, port, authority: a page of ours."""
    page = suite.visit(redirect_uri=address)

    assert page.status_code == 400
    assert "Location" not in page.headers
    assert error_code(page)


def test_pages_cannot_be_framed_and_tell_no_address(suite):
    """frame-ancestors, Referrer-Policy, no store: on a page and on an error page."""
    for page in (suite.visit(), suite.visit(redirect_uri="https://evil.example/")):
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge": "short"},
        {"code_challenge": None, "code_challenge_method": None},
    ],
)
def test_pkce_cannot_be_weakened_at_the_start(provider, client, changes):
    """A client of ours sends S256 or nothing happens."""
    portal = Portal.register(provider, "tax")

    page = client.get(portal.url(**changes))

    assert answer(page)["error"] == "invalid_request"


@pytest.mark.parametrize("verifier", [None, "", "short", "a" * 129, "w" * 43])
def test_pkce_cannot_be_dropped_at_the_end(provider, client, suite, verifier):
    """Even from a client that need not use it."""
    portal = Portal.register(provider, "tax")
    challenge = portal.parameters()["code_challenge"]
    sent = {"code_challenge": challenge, "code_challenge_method": "S256"}
    code = suite.authorize(**sent)["code"]
    extra = {} if verifier is None else {"code_verifier": verifier}

    check_token_error(suite.redeem(code, **extra), "invalid_grant", "invalid_request")


def test_a_verifier_without_a_challenge_is_refused(suite):
    """The downgrade of RFC 9700 §4.8.2: somebody took the challenge out on the way."""
    code = suite.authorize()["code"]

    refused = suite.redeem(code, code_verifier="v" * 43)

    check_token_error(refused, "invalid_grant", "invalid_request")


@pytest.mark.parametrize(
    "redirect_uri", [None, "", f"{CALLBACK}/", "https://evil.example/"]
)
def test_the_code_is_bound_to_its_redirect_uri(suite, redirect_uri):
    """RFC 6749 §4.1.3."""
    form = {"grant_type": "authorization_code", "code": suite.authorize()["code"]}
    if redirect_uri is not None:
        form["redirect_uri"] = redirect_uri

    check_token_error(suite.post_token(**form), "invalid_grant", "invalid_request")


def test_secrets_in_the_address_count_for_nothing(suite):
    """No GET, no credentials and no code in the query."""
    code = suite.authorize()["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
    }
    proof = {"Authorization": basic(suite.client_id, SECRET)}
    credentials = urlencode({"client_id": suite.client_id, "client_secret": SECRET})

    assert (
        suite.client.get(f"/token?{urlencode(form)}", headers=proof).status_code == 405
    )
    in_query = suite.client.post(f"/token?{credentials}", data=form)
    assert in_query.status_code in (400, 401)
    assert suite.tokens(code)


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "implicit",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    ],
)
def test_other_grants_do_not_exist(suite, grant):
    """What a client did not register is as good as unknown."""
    refused = suite.post_token(grant_type=grant, username="a", password="b")

    check_token_error(refused, "unsupported_grant_type", "unauthorized_client")


@pytest.mark.parametrize(
    "response_type", ["token", "id_token", "code id_token", "none"]
)
def test_other_response_types_do_not_exist(suite, response_type):
    """No token ever passes through the browser."""
    page = suite.visit(response_type=response_type)

    assert answer(page)["error"] == "unsupported_response_type"


def test_an_access_token_is_taken_from_header_or_body_alone(suite):
    """RFC 9700 §4.3.2: never from the query; and no other JWT is one."""
    tokens = suite.tokens(suite.authorize()["code"])
    head, payload, _ = tokens["access_token"].split(".")

    in_query = suite.client.get(f"/userinfo?access_token={tokens['access_token']}")
    assert in_query.status_code == 400
    for forged in (
        tokens["id_token"],
        f"{head}.{payload}.",
        f"eyJhbGciOiJub25lIn0.{payload}.",
    ):
        answered = suite.client.get(
            "/userinfo", headers={"Authorization": f"Bearer {forged}"}
        )
        assert answered.status_code == 401


@pytest.mark.parametrize("revoked", ["access_token", "refresh_token"])
def test_revocation_reaches_both_tokens(suite, revoked):
    """Access → refresh and refresh → access."""
    tokens = suite.flow(scope="openid offline_access", prompt="consent")

    suite.client.post(
        "/revoke",
        data={"token": tokens[revoked]},
        headers={"Authorization": basic(suite.client_id, SECRET)},
    )

    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert suite.client.get("/userinfo", headers=bearer).status_code == 401
    check_token_error(suite.refresh(tokens["refresh_token"]), "invalid_grant")


def test_refreshing_needs_the_client(suite):
    """A refresh token alone is worth nothing."""
    token = suite.flow(scope="openid offline_access", prompt="consent")["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}

    for extra in ({}, {"client_id": suite.client_id}):
        check_token_error(
            suite.client.post("/token", data=form | extra), "invalid_client"
        )
    assert suite.refresh(token).status_code == 200


def test_secrets_are_long_enough(suite, provider):
    """A secret of our making has 256 bits (OAuch asks for 160)."""
    with provider.database.transaction() as session:
        made = provider.relying_parties.add(
            session,
            provider.audit,
            {"redirect_uris": [CALLBACK]},
            sandbox=True,
            now=clock.now(),
        )

    check_entropy(made["client_secret"])
    assert len(made["client_secret"]) >= math.ceil(256 / 6)
