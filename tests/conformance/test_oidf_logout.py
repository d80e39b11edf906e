"""The Foundation's plans for RP-initiated and back-channel logout."""

import secrets
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conformance.modules import move_clock
from tests.conformance.suite import BASE, NEEDS_PAGE, Suite, register
from tests.driver import at
from tests.integration.token_side import claims_of
from tests.listening_portal import listening

BYE = f"{BASE}/post_logout_redirect"
EVENTS = "http://schemas.openid.net/event"


@pytest.fixture
def suite(provider, client) -> Suite:
    """Return the plan's default client in a fresh browser."""
    register(provider, "suite-client")
    return Suite(provider, client)


@pytest.fixture
def hint(suite) -> str:
    """Return the ID token of the browser's sign-in."""
    return suite.flow()["id_token"]


def leave(suite, **parameters):
    return suite.browser.visit(f"/end_session?{urlencode(parameters)}")


def is_signed_out(suite) -> bool:
    return suite.silent(prompt="none").get("error") in NEEDS_PAGE


def is_a_page_of_ours(page) -> bool:
    return "Location" not in page.headers and BYE not in page.text


def test_discovery_endpoint_verification(client):
    """The endpoint is advertised."""
    document = client.get("/.well-known/openid-configuration").get_json()

    assert document["end_session_endpoint"].endswith("/end_session")


@pytest.mark.parametrize("state", [None, "z-42 ~"])
def test_rp_initiated_logout(suite, hint, state):
    """rp-initiated-logout, -no-state: back with the same state and nothing else."""
    sent = {} if state is None else {"state": state}

    page = leave(suite, id_token_hint=hint, post_logout_redirect_uri=BYE, **sent)

    expected = f"{BYE}?{urlencode(sent)}" if sent else BYE
    assert page.headers["Location"] == expected
    assert is_signed_out(suite)


def test_an_expired_id_token_is_a_hint(suite, hint, monkeypatch):
    """Core §3.1.2.1 and RP-Initiated Logout §2: its time does not matter here."""
    move_clock(monkeypatch, seconds=1200)

    page = leave(suite, id_token_hint=hint, post_logout_redirect_uri=BYE)

    assert page.headers["Location"] == BYE


@pytest.mark.parametrize(
    "sent", [(), ("state",), ("id_token_hint",), ("id_token_hint", "state")]
)
def test_without_an_address_to_go_back_to(suite, hint, sent):
    """no-params, only-state, no-post-logout-redirect-uri: out, and a page says so."""
    values = {"id_token_hint": hint, "state": secrets.token_hex(4)}
    page = leave(suite, **{name: values[name] for name in sent})
    if at(page) == "logout":  # without a hint the citizen is asked first
        page = suite.browser.submit(decision="yes")

    assert page.status_code == 200
    assert at(page) == "logged-out"
    assert is_signed_out(suite)


def modified(hint: str) -> str:
    """Return the hint's claims without a signature."""
    header = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    return f"{header}.{hint.split('.')[1]}."


def foreign(hint: str) -> str:
    """Return the hint's claims signed by somebody else."""
    return jwt.encode({"alg": "RS256"}, claims_of(hint), RSAKey.generate_key(2048))


@pytest.mark.parametrize(
    "change",
    [
        {"post_logout_redirect_uri": f"{BASE}/somewhere-else"},
        {"post_logout_redirect_uri": f"{BYE}?foo=bar"},
        {"id_token_hint": None},
        {"id_token_hint": modified},
        {"id_token_hint": foreign},
    ],
    ids=[
        "bad-post-logout-redirect-uri",
        "query-added-to-post-logout-redirect-uri",
        "no-id-token-hint",
        "modified-id-token-hint",
        "bad-id-token-hint",
    ],
)
def test_no_redirect(suite, hint, change):
    """What is not sound ends on a page of ours, whatever the citizen answers there."""
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "s"}
    for name, value in change.items():
        sent[name] = value(hint) if callable(value) else value
    page = leave(suite, **{name: text for name, text in sent.items() if text})

    assert is_a_page_of_ours(page)
    if at(page) == "logout":
        assert is_a_page_of_ours(suite.browser.submit(decision="yes"))


def test_backchannel_rp_initiated_logout(provider, client):
    """One posted token for this very session, and then a page is needed again."""
    with listening() as ear:
        register(provider, "suite-client", backchannel_logout_uri=ear.uri)
        suite = Suite(provider, client)
        tokens = suite.flow()
        leave(suite, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
        (claims,) = ear.heard(provider)

    for name in ("iss", "sub", "sid"):
        assert claims[name] == tokens["claims"][name]
    assert claims["aud"] in ("suite-client", ["suite-client"])
    assert {"iat", "exp", "jti"} <= claims.keys()
    assert claims["events"] == {f"{EVENTS}/backchannel-logout": {}}
    assert "nonce" not in claims
    assert is_signed_out(suite)
