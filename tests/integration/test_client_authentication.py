"""Clients prove themselves by exactly one method, the registered one."""

import hmac
import json
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from joserfc import jwk

from idp import clock
from tests.integration.token_side import (
    ISSUER,
    KEY,
    assert_refused,
    authorize,
    post,
    register,
)

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
REFRESH = {"grant_type": "refresh_token", "refresh_token": "unknown"}
# Whoever gets this far was authenticated: the token is what is wrong.
ACCEPTED = "invalid_grant"


def stamp():
    return clock.timestamp(clock.now())


def attempt(client, portal, **assertion):
    """Return the answer to a request with this assertion."""
    form, headers = portal.credentials(**assertion)
    return client.post("/token", data={**form, **REFRESH}, headers=headers)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_works(client, provider, method):
    """The registered method gets a code redeemed."""
    portal = register(provider, method)

    response = post(client, "/token", portal, authorize(provider, portal).form())

    assert response.status_code == 200


@pytest.mark.parametrize("registered", METHODS)
@pytest.mark.parametrize("used", METHODS)
def test_only_the_registered_method_counts(client, provider, registered, used):
    """A right proof by another method is none."""
    if registered == used:
        return
    portal = register(provider, registered, jwks={"keys": [KEY.as_dict(private=False)]})
    secret = portal.secret or "s" * 40

    refused = attempt(client, replace(portal, method=used, secret=secret, key=KEY))

    status = 401 if used == "client_secret_basic" else 400
    assert_refused(refused, "invalid_client", status)


def test_who_proved_itself_is_told_its_method(client, provider):
    """A library with another default is set right by one sentence; a guess is not."""
    portal = register(provider)
    posting = replace(portal, method="client_secret_post")

    told = attempt(client, posting).get_json()["error_description"]
    guessed = attempt(client, replace(posting, secret="w" * 40)).get_json()

    assert told == "This client is registered with client_secret_basic"
    assert guessed["error_description"] == "Client authentication failed"


def test_unknown_and_wrong_have_one_answer(client, provider):
    """Nobody learns which clients exist."""
    portal = register(provider)
    wrong = attempt(client, replace(portal, secret="w" * 40))
    unknown = attempt(client, replace(portal, client_id="nobody"))

    assert_refused(wrong, "invalid_client", 401)
    assert wrong.get_json() == unknown.get_json()
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")
    for answer in (wrong, unknown):
        del answer.headers["X-Request-ID"]  # its own in each
    assert dict(wrong.headers) == dict(unknown.headers)
    jwt_portal = register(provider, "private_key_jwt")
    forged = attempt(client, replace(jwt_portal, key=jwk.ECKey.generate_key("P-256")))
    nobody = attempt(client, replace(jwt_portal, client_id="nobody"))
    assert_refused(forged, "invalid_client")
    assert forged.get_json() == nobody.get_json()


def test_two_methods_at_once_are_refused(client, provider):
    """Even if one of them is right (RFC 6749 §2.3)."""
    portal = register(provider)
    form = {"client_id": portal.client_id, "client_secret": portal.secret, **REFRESH}

    assert_refused(post(client, "/token", portal, form), "invalid_request")


def test_no_method_at_all(client):
    """Without a client there is nothing to answer."""
    assert_refused(client.post("/token", data=REFRESH), "invalid_client")


def test_basic_is_form_decoded(client, provider):
    """Identifier and secret may hold any character (RFC 6749 §2.3.1)."""
    secret = "a:b%c+d&e=f" + "x" * 30
    portal = register(provider, client_id="portal:1%+", client_secret=secret)

    assert_refused(attempt(client, portal), ACCEPTED)


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic YQ==", "Bearer abc", "Basic /w==", "\x00"]
)
def test_malformed_headers_are_refused(client, header):
    """A header that is no credential is a failed one."""
    response = client.post("/token", data=REFRESH, headers={"Authorization": header})

    assert_refused(response, "invalid_client", 401)


def test_client_id_beside_a_proof_must_agree(client, provider):
    """The body may repeat the identifier, not contradict it."""
    portal, other = register(provider), register(provider)

    same = post(client, "/token", portal, {"client_id": portal.client_id, **REFRESH})
    foreign = post(client, "/token", portal, {"client_id": other.client_id, **REFRESH})

    assert_refused(same, ACCEPTED)
    assert_refused(foreign, "invalid_request")


@pytest.mark.parametrize("aud", ["", "/token", "/par"])
def test_audiences(client, provider, aud):
    """The issuer, the token endpoint or the PAR endpoint."""
    portal = register(provider, "private_key_jwt")

    assert_refused(attempt(client, portal, aud=ISSUER + aud), ACCEPTED)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ISSUER]},
        {"aud": "https://other.example"},
        {"aud": ISSUER + "/"},
        {"jti": None},
        {"exp": None},
        {"iss": "other"},
        {"exp": 1},
        {"key": "other"},
    ],
)
def test_unsound_assertions_are_refused(client, provider, changes):
    """A list of audiences, no jti, no exp, another issuer, another key."""
    if "key" in changes:
        changes = {**changes, "key": jwk.ECKey.generate_key("P-256")}
    portal = register(provider, "private_key_jwt")

    assert_refused(attempt(client, portal, **changes), "invalid_client")


@pytest.mark.parametrize("alg", ["HS256", "none"])
def test_a_public_key_is_no_shared_secret(client, provider, alg):
    """HMAC keyed by our client's public key, and no signature at all."""
    portal = register(provider, "private_key_jwt")
    _, payload, _ = portal.assertion().split(".")
    header = urlsafe_b64encode(json.dumps({"alg": alg}).encode()).rstrip(b"=").decode()
    signing_input = f"{header}.{payload}"
    digest = hmac.digest(KEY.as_pem(private=False), signing_input.encode(), "sha256")
    signature = urlsafe_b64encode(digest).rstrip(b"=").decode() if alg != "none" else ""
    form = portal.credentials()[0] | {
        "client_assertion": f"{signing_input}.{signature}"
    }

    response = client.post("/token", data={**form, **REFRESH})

    assert_refused(response, "invalid_client")


def test_clock_skew_is_small(client, provider):
    """Ten seconds ahead is a clock, sixty-one is not."""
    portal, now = register(provider, "private_key_jwt"), stamp()

    near = attempt(client, portal, iat=now + 10, nbf=now + 10)
    far = attempt(client, portal, iat=now + 75, exp=now + 120)

    assert_refused(near, ACCEPTED)
    assert_refused(far, "invalid_client")


def test_lifetimes_are_capped(client, provider):
    """One hour is what stock libraries write; a year is nobody's need."""
    portal, now = register(provider, "private_key_jwt"), stamp()

    assert_refused(attempt(client, portal, exp=now + 3600), ACCEPTED)
    year = attempt(client, portal, exp=now + 365 * 86_400)
    assert_refused(year, "invalid_client")
    old = attempt(client, portal, iat=now - 400, exp=now + 3000)
    assert_refused(old, "invalid_client")


def test_an_assertion_works_once(app, provider):
    """Twice, and twice in parallel."""
    portal = register(provider, "private_key_jwt")
    form = {**portal.credentials(jti="same")[0], **REFRESH}

    def send(_number):
        return app.test_client().post("/token", data=form).get_json()["error"]

    with ThreadPoolExecutor(10) as pool:
        errors = list(pool.map(send, range(10)))

    assert sorted(errors) == ["invalid_client"] * 9 + ["invalid_grant"]


def test_one_client_s_jti_does_not_block_another_s(client, provider):
    """Identifiers of assertions belong to their client."""
    first = register(provider, "private_key_jwt")
    second = register(provider, "private_key_jwt")

    assert_refused(attempt(client, first, jti="same"), ACCEPTED)
    assert_refused(attempt(client, second, jti="same"), ACCEPTED)


def test_a_public_client_needs_pkce(client, provider):
    """Policy cannot relax it for whoever has no secret."""
    portal = register(provider, "none")
    made = authorize(provider, portal)

    refused = post(client, "/token", portal, made.form(code_verifier=None))

    assert_refused(refused, "invalid_grant")


@pytest.mark.parametrize("path", ["/token", "/revoke", "/introspect", "/par"])
def test_every_endpoint_asks_for_the_proof(client, provider, path):
    """The same rules at each machine endpoint."""
    portal = register(provider)
    wrong = replace(portal, secret="w" * 40)

    assert_refused(
        post(client, path, wrong, {"token": "x", **REFRESH}), "invalid_client", 401
    )
