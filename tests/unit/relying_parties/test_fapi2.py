"""The FAPI 2.0 profile of a registration: what it turns on, and what it refuses."""

import pytest

from idp.relying_parties.errors import InvalidMetadataError, InvalidRedirectUriError
from idp.relying_parties.own_registration import approved_of, as_approved
from tests.unit.relying_parties.parties import EC_KEY, party

KEYS = {"jwks": {"keys": [EC_KEY]}}
MTLS = "tls_client_certificate_bound_access_tokens"
DPOP = "dpop_bound_access_tokens"


def test_the_switch_turns_everything_on() -> None:
    """Nothing but keys and redirect URIs has to be said beside it."""
    made = party(profile="fapi2", **KEYS)

    assert made.is_fapi2
    assert made.auth_method == "private_key_jwt"
    assert made.require_par
    assert made.require_pkce
    assert made.needs_bound_tokens
    assert made.id_token_alg == "ES256"
    assert made.messages.authorization_alg == "ES256"
    assert made.messages.introspection_alg == "ES256"


def test_a_certificate_may_bind_instead() -> None:
    """§5.3.2.1 names both ways."""
    made = party(profile="fapi2", **KEYS, **{MTLS: True})

    assert made.needs_bound_tokens
    assert not made.dpop_bound_access_tokens


def test_without_the_switch_nothing_changes() -> None:
    """An ordinary client is none of the profile."""
    made = party()

    assert not made.is_fapi2
    assert not made.require_par
    assert not made.needs_bound_tokens


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"token_endpoint_auth_method": "client_secret_basic"}, "5.3.2.1"),
        ({"token_endpoint_auth_method": "none"}, "5.3.2.1"),
        ({DPOP: False}, "5.3.2.1"),
        ({"require_pushed_authorization_requests": False}, "5.3.2.2"),
        ({"require_pkce": False}, "5.3.2.2"),
        ({"id_token_signed_response_alg": "RS256"}, "5.4.1"),
        ({"userinfo_signed_response_alg": "RS256"}, "5.4.1"),
        ({"token_endpoint_auth_signing_alg": "RS256"}, "5.4.1"),
        ({"request_object_signing_alg": "RS256"}, "5.4.1"),
        ({"authorization_signed_response_alg": "RS256"}, "5.4.1"),
        ({"introspection_signed_response_alg": "RS256"}, "5.4.1"),
    ],
)
def test_contradictions_are_refused_by_rule(members, rule) -> None:
    """The sentence names the member and the section."""
    with pytest.raises(InvalidMetadataError, match=rule) as refused:
        party(profile="fapi2", **KEYS, **members)

    assert next(iter(members)) in str(refused.value)


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("http://127.0.0.1/back", "web"),
        ("http://localhost:8001/back", "web"),
        ("vn.example.app:/back", "native"),
    ],
)
def test_responses_travel_over_https_alone(uri, kind) -> None:
    """§5.3.2.2."""
    with pytest.raises(InvalidRedirectUriError, match="https"):
        party(profile="fapi2", redirect_uris=[uri], application_type=kind, **KEYS)


def test_other_profiles_do_not_exist() -> None:
    """A mistyped switch must not leave a client unprotected."""
    with pytest.raises(InvalidMetadataError, match="profile"):
        party(profile="fapi", **KEYS)


def test_the_switch_is_the_operators() -> None:
    """A client that an operator handed over to itself cannot turn it off."""
    approved = approved_of({"profile": "fapi2", "scope": "openid"})

    stated = {"profile": None, "scope": "openid"}
    asked = as_approved(stated, approved, sandbox=False)
    assert asked["profile"] == "fapi2"
