"""The metadata lists exactly what works, and caches may keep it for a while."""

import pytest
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwk

from idp.claims import catalogue
from tests.integration.token_side import ISSUER

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


@pytest.fixture
def document(client):
    """Return the discovery document."""
    return client.get(OPENID).get_json()


def test_authlib_finds_it_valid(document):
    """OpenID Connect Discovery §3, as a stock validator reads it."""
    # Authlib wants https addresses; a sandbox's issuer is plain http on loopback.
    secure = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in document.items()
    }

    OpenIDProviderMetadata(secure).validate()


def test_both_addresses_say_the_same(client, document):
    """RFC 8414 metadata is the same document."""
    response = client.get(OAUTH)

    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.get_json() == document


def test_the_issuer_is_the_configured_one(client):
    """A Host header changes nothing (X8)."""
    response = client.get(OPENID, headers={"Host": "evil.example"})

    assert response.get_json()["issuer"] == ISSUER
    assert "evil" not in response.text


def test_every_endpoint_answers(client, document):
    """Each address that is listed is routed."""
    addresses = {
        name: value
        for name, value in document.items()
        if name.endswith(("_endpoint", "_uri"))
    }

    assert len(addresses) == 11
    for address in addresses.values():
        path = address.removeprefix(ISSUER)
        assert client.get(path).status_code != 404


def test_what_is_not_there_is_not_listed(document):
    """Code flow, S256, pairwise, request objects by value alone."""
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["subject_types_supported"] == ["pairwise"]
    assert document["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "client_credentials",
    ]
    assert document["request_parameter_supported"] is True
    for what in ("request_object", "backchannel_authentication_request"):
        assert "none" not in document[f"{what}_signing_alg_values_supported"]
    assert document["request_uri_parameter_supported"] is False
    assert document["claims_parameter_supported"] is True
    assert document["authorization_response_iss_parameter_supported"] is True


def test_algorithms_are_those_of_the_rings(client, document, provider):
    """Every key in the JWKS has its algorithm listed, and the other way round."""
    keys = client.get("/jwks.json").get_json()["keys"]

    algorithms = {key["alg"] for key in keys}

    assert algorithms == set(document["id_token_signing_alg_values_supported"])
    assert algorithms == set(provider.rings.algorithms)


def test_claims_and_scopes_are_the_catalogue_s(document):
    """Whole claims only; a part of one is not a claim of its own."""
    off = {"residence_credential"}  # unless credentials are enabled
    assert set(document["scopes_supported"]) == set(catalogue.SCOPES) - off
    assert set(catalogue.SUPPORTED) <= set(document["claims_supported"])
    assert not [name for name in document["claims_supported"] if "." in name]
    assert document["verified_claims_supported"] is True


def test_caches_may_keep_it(client):
    """An age, and a tag by which an unchanged document is known."""
    first = client.get(OPENID)

    again = client.get(OPENID, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(OPENID, headers={"If-None-Match": '"other"'})

    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert (again.status_code, again.data) == (304, b"")
    assert other.status_code == 200


def test_keys_are_public_and_cached_less_than_the_lead(client, provider):
    """RFC 7517: unique kids, no private member; an age below the publish lead."""
    response = client.get("/jwks.json")

    keys = response.get_json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) >= 2
    assert all({"kty", "kid", "alg", "use"} <= set(key) for key in keys)
    assert not any({"d", "p", "q", "k"} & set(key) for key in keys)
    assert jwk.KeySet.import_key_set(response.get_json())
    age = int(response.headers["Cache-Control"].rpartition("=")[2])
    assert age == provider.config.keys.jwks_max_age < provider.config.keys.publish_lead


@pytest.mark.parametrize("path", [OPENID, OAUTH, "/jwks.json"])
def test_head_answers_without_a_body(client, path):
    """HEAD is GET without the body."""
    response = client.head(path)

    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize("path", [OPENID, OAUTH, "/jwks.json"])
def test_nothing_is_posted_here(client, path):
    """405 names GET."""
    response = client.post(path)

    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
