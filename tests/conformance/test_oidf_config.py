"""`oidcc-config-certification-test-plan`: the discovery document."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.provider import build_provider
from tests.conformance.suite import check_keys

WELL_KNOWN = "/.well-known/openid-configuration"
ISSUER = "https://id.suite.example"
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
ARRAYS = {
    *("response_types_supported", "response_modes_supported"),
    *("grant_types_supported", "subject_types_supported", "scopes_supported"),
    *("id_token_signing_alg_values_supported", "claims_supported"),
    *("userinfo_signing_alg_values_supported", "acr_values_supported"),
    *("token_endpoint_auth_methods_supported", "ui_locales_supported"),
    *("code_challenge_methods_supported", "prompt_values_supported"),
    *("token_endpoint_auth_signing_alg_values_supported", "claim_types_supported"),
}


@pytest.fixture
def answers(config):
    """Return what an https issuer answers for a path."""
    # The suite takes https alone.
    provider = build_provider(replace(config, issuer=ISSUER))
    client = create_app(provider=provider).test_client()

    def ask(path: str) -> TestResponse:
        return client.get(path, base_url=ISSUER)

    yield ask
    provider.database.close()
    provider.ephemeral.close()


def test_discovery_endpoint_verification(answers):
    """The plan's one module."""
    response = answers(WELL_KNOWN)
    document = response.get_json()

    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert document["issuer"] == ISSUER
    for member in ARRAYS:
        assert isinstance(document[member], list), member
        assert len(set(document[member])) == len(document[member])
    assert "code" in document["response_types_supported"]
    assert set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert set(document["userinfo_signing_alg_values_supported"]) <= {"RS256", "ES256"}
    assert "openid" in document["scopes_supported"]
    assert all(
        re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", scope)
        for scope in document["scopes_supported"]
    )
    assert all(
        re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", tag)
        for tag in document["ui_locales_supported"]
    )
    for flag in ("request_parameter", "request_uri_parameter", "claims_parameter"):
        assert isinstance(document[f"{flag}_supported"], bool)


def test_every_address_is_https(answers):
    """Each `*_endpoint` and `*_uri`, without query or fragment."""
    document = answers(WELL_KNOWN).get_json()
    addresses = [
        text for name, text in document.items() if name.endswith(("_endpoint", "_uri"))
    ]

    for address in addresses:
        parts = urlsplit(address)
        assert (parts.scheme, parts.query, parts.fragment) == ("https", "", "")
    for required in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint"):
        assert document[required] in addresses


def test_the_keys_are_valid(answers):
    """RFC 7517, strong enough, one of each advertised algorithm."""
    document = answers(WELL_KNOWN).get_json()
    keys = answers(urlsplit(document["jwks_uri"]).path).get_json()

    check_keys(keys)
    algorithms = {key["alg"] for key in keys["keys"]}
    assert algorithms == set(document["id_token_signing_alg_values_supported"])
