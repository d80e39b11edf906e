"""ID tokens, userinfo and introspection for one client's eyes (RFC 7516, RFC 9701)."""

import json
from typing import Any

import pytest
from joserfc import jwe, jwk, jwt
from joserfc.jwk import KeySet

from tests.integration.token_side import (
    ISSUER,
    assert_refused,
    authorize,
    post,
    redeem,
    register,
    userinfo,
)

TYPE = "application/token-introspection+jwt"
KEYS: dict[str, Any] = {
    "ECDH-ES": jwk.ECKey.generate_key("P-384", {"kid": "e1", "use": "enc"}),
    "RSA-OAEP-256": jwk.RSAKey.generate_key(2048, {"kid": "e2"}),
}
SIGNING = jwk.ECKey.generate_key("P-256", {"kid": "s1", "use": "sig"})
JWKS = {"keys": [key.as_dict(private=False) for key in (SIGNING, *KEYS.values())]}


def opened(text: str, alg: str) -> Any:
    """Decrypt as the client does."""
    found = jwe.decrypt_compact(text, KEYS[alg], algorithms=[alg, "A256GCM"])
    assert found.protected["kid"] == KEYS[alg].kid
    return found


def verified(client, text: str, alg: str) -> Any:
    """Check our signature, as every client does."""
    keys = KeySet.import_key_set(client.get("/jwks.json").get_json())
    return jwt.decode(text, keys, algorithms=[alg])


@pytest.mark.parametrize("alg", KEYS)
def test_encrypted_id_token(client, provider, alg):
    """Signed, then encrypted (OIDC Core §10.2); the registered key alone opens it."""
    portal = register(
        provider,
        jwks=JWKS,
        id_token_signed_response_alg="ES256",
        id_token_encrypted_response_alg=alg,
    )

    tokens = redeem(client, portal, authorize(provider, portal))
    found = opened(tokens["id_token"], alg)

    assert found.protected["cty"] == "JWT"
    claims = verified(client, found.plaintext.decode(), "ES256").claims
    assert claims["aud"] == portal.client_id
    assert tokens["access_token"].count(".") == 2


@pytest.mark.parametrize("alg", KEYS)
@pytest.mark.parametrize("signing", ["ES256", None])
def test_encrypted_userinfo(client, provider, alg, signing):
    """Userinfo as JWE, of a signed JWT or of the JSON itself (OIDC Core §5.3.2)."""
    portal = register(
        provider,
        jwks=JWKS,
        userinfo_signed_response_alg=signing,
        userinfo_encrypted_response_alg=alg,
    )
    tokens = redeem(client, portal, authorize(provider, portal))

    response = userinfo(client, tokens["access_token"])
    found = opened(response.text, alg)

    assert response.content_type == "application/jwt"
    assert found.protected.get("cty") == ("JWT" if signing else None)
    text = found.plaintext.decode()
    told = verified(client, text, signing).claims if signing else json.loads(text)
    assert told["name"]


def test_signed_introspection(client, provider):
    """RFC 9701 §5: iss, aud, iat, and what is told apart from them."""
    portal = register(provider, introspection_signed_response_alg="ES256")
    tokens = redeem(client, portal, authorize(provider, portal))
    form = {"token": tokens["access_token"]}

    plain = post(client, "/introspect", portal, form, Accept="application/json")
    accept = f"text/html, {TYPE};q=1"
    response = post(client, "/introspect", portal, form, Accept=accept)
    token = verified(client, response.text, "ES256")

    assert response.content_type == TYPE
    assert "no-store" in response.headers["Cache-Control"]
    assert token.header["typ"] == "token-introspection+jwt"
    assert set(token.claims) == {"iss", "aud", "iat", "token_introspection"}
    assert (token.claims["iss"], token.claims["aud"]) == (ISSUER, portal.client_id)
    assert token.claims["token_introspection"] == plain.get_json()
    assert token.claims["token_introspection"]["active"] is True
    # It is no token itself, whoever shows it.
    assert userinfo(client, response.text).status_code == 401


def test_signed_introspection_of_a_dead_token(client, provider):
    """Inactive is signed too, and says nothing more; RS256 by default."""
    portal = register(provider)

    response = post(client, "/introspect", portal, {"token": "x"}, Accept=TYPE)

    told = verified(client, response.text, "RS256").claims["token_introspection"]
    assert told == {"active": False}


def test_encrypted_introspection(client, provider):
    """RFC 9701 §6: encrypted for the one who asks."""
    portal = register(
        provider, jwks=JWKS, introspection_encrypted_response_alg="ECDH-ES"
    )

    response = post(client, "/introspect", portal, {"token": "x"}, Accept=TYPE)

    inner = opened(response.text, "ECDH-ES").plaintext.decode()
    assert verified(client, inner, "RS256").claims["aud"] == portal.client_id


def test_who_may_ask_is_as_for_json(client, provider):
    """A refusal is JSON, whatever was accepted (RFC 7662 §2.3)."""
    portal = register(provider, "none")

    response = post(client, "/introspect", portal, {"token": "x"}, Accept=TYPE)

    assert_refused(response, "invalid_client")
