"""`fapi2-security-profile-final-test-plan`: what leads to a code, and what does not."""

from urllib.parse import urlencode

import pytest

from tests.conformance.fapi2_suite import RSA, Fapi2Suite, stamp
from tests.conformance.modules import move_clock
from tests.conformance.suite import CALLBACK
from tests.driver import answer, at, error_code

STRONG = {"PS256", "ES256", "EdDSA"}


@pytest.fixture
def suite(provider, client) -> Fapi2Suite:
    """Return the plan's first client in a fresh browser."""
    return Fapi2Suite(provider, client)


@pytest.fixture
def second(provider, client) -> Fapi2Suite:
    """Return the plan's second client."""
    return Fapi2Suite(provider, client, client_id="fapi2-second")


def assert_refused(response, *errors: str) -> None:
    """Expect JSON with one of these errors."""
    assert response.status_code in (400, 401), response.text
    assert response.content_type == "application/json"
    assert response.get_json()["error"] in errors


def test_discovery_end_point_verification(client):
    """What the plan looks for; other clients may do more, so it is not all there is."""
    document = client.get("/.well-known/openid-configuration").get_json()

    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["pushed_authorization_request_endpoint"].endswith("/par")
    assert "code" in document["response_types_supported"]
    assert "S256" in document["code_challenge_methods_supported"]
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert set(document["dpop_signing_alg_values_supported"]) <= STRONG
    for name in (
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "userinfo_signing_alg_values_supported",
    ):
        assert STRONG & set(document[name]), name


def test_happy_flow(suite, second):
    """Both clients, the second with `dpop_jkt`, both without a doubled parameter."""
    first = suite.flow()
    other = second.flow(dpop_jkt=second.holder.jkt)

    assert first["claims"]["sub"] == other["claims"]["sub"]  # of one sector
    in_query = suite.client.get(f"/userinfo?access_token={first['access_token']}")
    assert in_query.status_code in (400, 401)


def test_user_rejects_authentication(suite):
    """By redirect, with state and iss."""
    page = suite.visit()
    while at(page) == "login":
        page = suite.sign_in()

    page = suite.browser.submit(page, decision="deny")
    assert suite.response(page)["error"] == "access_denied"


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"nonce": None},
        {"nonce": "n" * 64},
        {"nonce": "n" * 384},
        {"state": "s" * 384},
        {"scope": "email openid"},
        {"claims": '{"id_token":{"name":null},"userinfo":{"email":null}}'},
    ],
)
def test_requests_that_succeed(suite, changes):
    """Whatever comes back is exactly what was sent, or was never sent."""
    assert suite.flow(**changes)["claims"]


def test_what_is_beside_a_pushed_request_does_not_count(suite):
    """Another nonce and state, or a state that was not pushed."""
    uri = suite.pushed(state=None, nonce="pushed")

    page = suite.answer_pages(suite.load(uri, state="beside", nonce="beside"))

    assert suite.tokens(suite.response(page)["code"])["claims"]["nonce"] == "pushed"


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"redirect_uri": None}, ("invalid_request",)),
        ({"redirect_uri": f"{CALLBACK}/other"}, ("invalid_request",)),
        ({"response_type": "code id_token"}, ("unsupported_response_type",)),
        ({"response_type": "token"}, ("unsupported_response_type",)),
        ({"code_challenge": None, "code_challenge_method": None}, ("invalid_request",)),
        ({"code_challenge_method": "plain"}, ("invalid_request",)),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, ("invalid_request",)),
    ],
)
def test_requests_that_are_not_taken(suite, changes, errors):
    """The client hears of it where it pushed."""
    assert_refused(suite.push(**changes), *errors)


def test_only_a_pushed_request_leads_anywhere(suite):
    """The same parameters at the authorization endpoint: an error, no page of ours."""
    page = suite.browser.visit(f"/authorize?{urlencode(suite.request())}")

    assert answer(page)["error"] == "invalid_request"


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_par_takes_posts_alone(suite, method):
    """RFC 9126 §2."""
    assert getattr(suite.client, method)("/par").status_code == 405


def test_a_page_may_be_loaded_again_before_the_end(suite):
    """A citizen may reload; the code is given once."""
    uri = suite.pushed()
    suite.load(uri)

    page = suite.answer_pages(suite.load(uri))

    assert suite.tokens(suite.response(page)["code"])
    assert error_code(suite.load(uri)) == "DD-OIDC-005"


def test_a_request_uri_expires(suite, monkeypatch):
    """After what `expires_in` said."""
    uri = suite.pushed()
    move_clock(monkeypatch, seconds=suite.provider.config.lifetimes.pushed_request + 1)

    assert error_code(suite.load(uri)) == "DD-OIDC-005"


def test_a_request_uri_of_another_client(suite, second):
    """A page of ours, and no redirect to either of them."""
    page = second.load(suite.pushed())

    assert error_code(page) == "DD-OIDC-006"
    assert "Location" not in page.headers


def test_a_proof_at_par_binds_the_code(suite):
    """RFC 9449 §10.1: the same key redeems it."""
    proof = suite.holder.proof("POST", "/par")

    assert suite.flow(proof=proof)["claims"]


def test_a_proof_at_par_of_another_key_than_dpop_jkt(suite, second):
    """The push is refused."""
    proof = suite.holder.proof("POST", "/par")

    refused = suite.push(proof=proof, dpop_jkt=second.holder.jkt)

    assert_refused(refused, "invalid_dpop_proof", "invalid_request")


@pytest.mark.parametrize("seconds", [-10, 10])
def test_clocks_may_differ_by_ten_seconds(suite, seconds):
    """At every endpoint that takes a proof (§5.3.2.1)."""
    proofs = [
        suite.holder.proof("POST", path, iat=stamp(seconds))
        for path in ("/par", "/token")
    ]
    page = suite.answer_pages(suite.visit(proof=proofs[0]))
    tokens = suite.checked(suite.redeem(suite.response(page)["code"], proof=proofs[1]))

    headers = suite.holder.headers(
        "GET", "/userinfo", tokens["access_token"], iat=stamp(seconds)
    )
    assert suite.client.get("/userinfo", headers=headers).status_code == 200


ASSERTIONS = {
    "exp 5 minutes ago": {"exp": -300, "iat": -360},
    "wrong aud": {"aud": "https://other.example"},
    "token endpoint as aud": {"aud": "http://localhost:8000/token"},
    "par endpoint as aud": {"aud": "http://localhost:8000/par"},
    "array as aud": {"aud": ["http://localhost:8000", "https://other.example"]},
    "no aud": {"aud": None},
    "no sub": {"sub": None},
    "wrong sub": {"sub": "somebody"},
    "no iss": {"iss": None},
    "wrong iss": {"iss": "somebody"},
    "more than a minute ahead": {"iat": 70, "nbf": 70, "exp": 130},
}


def changed(changes):
    """Return the changes with times as of now."""
    return {
        name: stamp(value) if isinstance(value, int) else value
        for name, value in changes.items()
    }


@pytest.mark.parametrize("name", ASSERTIONS)
def test_unsound_assertions_are_refused(suite, name):
    """At both endpoints, whatever is the matter with them."""
    for send in (suite.push, lambda **more: suite.redeem("no-code", **more)):
        refused = send(credentials=suite.assertion(**changed(ASSERTIONS[name])))
        assert_refused(refused, "invalid_client", "invalid_request")


def test_assertions_that_are_not_signed_as_the_profile_wants(suite, second):
    """RS256 by a registered key, another client's key, none, and no type."""
    sound = suite.assertion()
    token = sound["client_assertion"]
    header, payload, _ = token.split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{payload}."
    for credentials in (
        suite.assertion(key=RSA, alg="RS256"),
        suite.assertion(key=second.key),
        {**sound, "client_assertion": unsigned},
        {**sound, "client_assertion": f"{header}.{payload}.{'A' * 86}"},
        {**sound, "client_assertion_type": "urn:other"},
        {"client_assertion": token},
        {"client_id": suite.client_id},
    ):
        refused = suite.push(credentials=credentials)
        assert_refused(refused, "invalid_client", "invalid_request")
    sound = suite.assertion(key=RSA, alg="PS256")
    assert suite.push(credentials=sound).status_code == 201


def test_an_assertion_a_few_seconds_ahead_is_taken(suite):
    """§5.3.2.1: clocks differ."""
    ahead = suite.assertion(iat=stamp(8), nbf=stamp(8))

    assert suite.push(credentials=ahead).status_code == 201
