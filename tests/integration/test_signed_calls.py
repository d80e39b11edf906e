"""Signed calls to a citizen (CIBA §7.1.1, FAPI-CIBA §5.2.2): all is in the JWT."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from joserfc import jwk, jws
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from tests.driver import SECRET, Portal, citizen
from tests.integration.token_side import assert_refused
from tests.integration.waiting_side import CIBA, poll

ISSUER = "http://localhost:8000"
KEY = jwk.ECKey.generate_key("P-256", {"kid": "bank-1"})
RSA = jwk.RSAKey.generate_key(2048, {"kid": "bank-2"})
FOREIGN = jwk.ECKey.generate_key("P-256", {"kid": "bank-1"})
JWKS = {"keys": [KEY.as_dict(private=False), RSA.as_dict(private=False)]}
SIGNING = {"backchannel_authentication_request_signing_alg": "ES256"}


def minutes(number: int) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=number)


def caller(provider: Provider, **metadata: Any) -> Portal:
    """Register a portal that calls."""
    grants = ["authorization_code", CIBA]
    return Portal.register(provider, "bank", grant_types=grants, **metadata)


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return caller(provider, jwks=JWKS, **SIGNING)


def sign(portal: Portal, **changes: Any) -> str:
    """Return a signed call; None leaves a member out, a span is from now on."""
    now = clock.timestamp(clock.now())
    alg, key = changes.pop("alg", "ES256"), changes.pop("key", KEY)
    claims = {
        "iss": portal.client_id,
        "aud": ISSUER,
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "jti": uuid4().hex,
        "scope": "openid profile",
        "login_hint": citizen(portal.provider, state="active")["personal_number"],
        **changes,
    }
    claims = {
        name: now + value.total_seconds() if isinstance(value, timedelta) else value
        for name, value in claims.items()
        if value is not None
    }
    return jws.serialize_compact({"alg": alg}, json.dumps(claims), key, [alg])


def call(client: FlaskClient, portal: Portal, **form: str) -> TestResponse:
    """Call with these parameters and the client's proof."""
    data = {"client_id": portal.client_id, "client_secret": SECRET, **form}
    return client.post("/backchannel_authentication", data=data)


def test_a_signed_call(portal: Portal, client: FlaskClient) -> None:
    """Taken once; numbers may be numbers (§7.1)."""
    asked = sign(portal, binding_message="Quầy số 5", requested_expiry=120)

    answer = call(client, portal, request=asked)

    assert answer.status_code == 200, answer.text
    called = answer.get_json()
    assert called["expires_in"] == 120
    pending = poll(portal.provider, client, portal, called["auth_req_id"])
    assert_refused(pending, "authorization_pending")
    assert_refused(call(client, portal, request=asked), "invalid_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": "https://other.example"},
        {"iss": None},
        {"iss": "other"},
        {"client_id": "other"},
        {"sub": "bank"},
        {"exp": None},
        {"nbf": minutes(-10), "exp": minutes(-5)},
        {"exp": minutes(70)},
        {"iat": None},
        {"nbf": None},
        {"nbf": minutes(10), "exp": minutes(15)},
        {"nbf": minutes(-70), "exp": minutes(1)},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"key": FOREIGN},
        {"alg": "RS256", "key": RSA},
        {"alg": "PS256", "key": RSA},
        {"login_hint": None},
        {"login_hint_token": "x"},
        {"scope": "profile"},
        {"request": "a.b.c"},
    ],
)
def test_refused_calls(
    portal: Portal, client: FlaskClient, changes: dict[str, Any]
) -> None:
    """One error for whatever is wrong with the JWT (§13)."""
    answer = call(client, portal, request=sign(portal, **changes))

    expected = "invalid_scope" if "scope" in changes else "invalid_request"
    assert_refused(answer, expected)


@pytest.mark.parametrize("text", ["e30.e30.", "x", "eyJhbGciOiJub25lIn0.e30."])
def test_no_signature(portal: Portal, client: FlaskClient, text: str) -> None:
    """`none` is no signature."""
    assert_refused(call(client, portal, request=text), "invalid_request")


@pytest.mark.parametrize(
    "beside", [{"login_hint": "x"}, {"scope": "openid"}, {"resource": "https://a.b"}]
)
def test_nothing_stands_beside(
    portal: Portal, client: FlaskClient, beside: dict[str, str]
) -> None:
    """§7.1.1: no parameter of the request outside of it."""
    answer = call(client, portal, request=sign(portal), **beside)

    assert_refused(answer, "invalid_request")


def test_unsigned_calls_of_a_signing_client(
    provider: Provider, portal: Portal, client: FlaskClient
) -> None:
    """Who registered an algorithm signs, now and after a replacement (§4)."""
    number = citizen(provider, state="active")["personal_number"]
    for again in (portal, caller(provider, jwks=JWKS)):
        answer = call(client, again, scope="openid", login_hint=number)
        assert_refused(answer, "invalid_request")


def test_a_signed_call_of_another_client(
    provider: Provider, client: FlaskClient
) -> None:
    """Who registered no algorithm does not sign (§4)."""
    portal = caller(provider, jwks=JWKS)

    answer = call(client, portal, request=sign(portal))

    assert_refused(answer, "request_not_supported")
