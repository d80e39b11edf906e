"""JARM: the authorization response as one JWT, by every mode."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwe, jwk, jws, jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from tests.driver import Browser, Portal, at, citizen, step_form

ISSUER = "http://localhost:8000"
ENC = {
    "ECDH-ES": jwk.ECKey.generate_key("P-256", {"kid": "e1", "use": "enc"}),
    "RSA-OAEP-256": jwk.RSAKey.generate_key(2048, {"kid": "e2", "use": "enc"}),
}
JWKS = {"keys": [key.as_dict(private=False) for key in ENC.values()]}
MODES = ["jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def packed(page: TestResponse, mode: str) -> str:
    """Return the one parameter that came, by the mode that was asked."""
    if mode == "form_post.jwt":
        assert page.status_code == 200
        pairs = step_form(page).fields
    else:
        parts = urlsplit(page.headers["Location"])
        assert bool(parts.fragment) == (mode == "fragment.jwt")
        pairs = parse_qsl(parts.query or parts.fragment)
    assert [name for name, _ in pairs] == ["response"]
    return pairs[0][1]


def opened(client: FlaskClient, text: str, alg: str = "RS256") -> dict[str, Any]:
    """Check the signature as a client does, and return the claims (JARM §2.4)."""
    keys = KeySet.import_key_set(client.get("/jwks.json").get_json())
    token = jwt.decode(text, keys, algorithms=[alg])
    now = clock.timestamp(clock.now())
    assert now < token.claims["exp"] <= now + 600
    return dict(token.claims)


@pytest.mark.parametrize("mode", MODES)
def test_code_by_each_mode(provider: Provider, browser: Browser, mode: str) -> None:
    """Code, state, iss, aud and exp are inside, nothing is beside it."""
    portal = Portal.register(provider, "tax", authorization_signed_response_alg="ES256")
    page = browser.visit(portal.url(response_mode=mode, state="st+ate &=é"))
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    page = browser.submit(decision="allow") if at(page) == "consent" else page

    claims = opened(browser.client, packed(page, mode), "ES256")

    assert set(claims) == {"code", "state", "iss", "aud", "exp"}
    assert (claims["iss"], claims["aud"]) == (ISSUER, "tax")
    assert claims["state"] == "st+ate &=é"
    assert portal.redeem(browser.client, claims["code"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_errors_come_signed(
    provider: Provider, browser: Browser, mode: str, changes: dict[str, str], error: str
) -> None:
    """JARM §2.2: an error goes the same way; RS256 where nothing is registered."""
    portal = Portal.register(provider, "tax")

    page = browser.visit(portal.url(response_mode=mode, state="s", **changes))
    claims = opened(browser.client, packed(page, mode))

    claims.pop("error_description", None)
    del claims["exp"]
    assert claims == {"error": error, "state": "s", "iss": ISSUER, "aud": "tax"}


def test_the_citizens_no_comes_signed(provider: Provider, browser: Browser) -> None:
    """Giving up is an answer, too."""
    portal = Portal.register(provider, "tax")
    page = browser.visit(portal.url(response_mode="jwt"))
    name = page.request.path.rpartition("/")[2]

    page = browser.visit("/authorize/cancel", data={"transaction": name})

    claims = opened(browser.client, packed(page, "jwt"))
    assert claims["error"] == "access_denied"


@pytest.mark.parametrize("alg", ENC)
def test_encrypted(provider: Provider, browser: Browser, alg: str) -> None:
    """Signed, then encrypted to the client's key, where it registered so (§2.2)."""
    portal = Portal.register(
        provider, "tax", jwks=JWKS, authorization_encrypted_response_alg=alg
    )

    page = browser.visit(portal.url(response_mode="jwt", prompt="none"))
    text = packed(page, "jwt")
    found = jwe.decrypt_compact(text, ENC[alg], algorithms=[alg, "A256GCM"])

    assert found.protected["cty"] == "JWT"
    assert found.protected["kid"] == ENC[alg].kid
    assert opened(browser.client, found.plaintext.decode())["error"] == "login_required"


def test_a_response_is_no_hint(provider: Provider, browser: Browser) -> None:
    """It is a JWT of ours for this client, and still no ID token."""
    portal = Portal.register(provider, "tax")
    page = browser.visit(portal.url(response_mode="jwt", prompt="none"))
    response = packed(page, "jwt")

    page = browser.visit(portal.url(response_mode="jwt", id_token_hint=response))

    assert opened(browser.client, packed(page, "jwt"))["error"] == "invalid_request"
    assert jws.extract_compact(response.encode()).headers()["kid"]
