"""What metadata is taken, with which defaults, and what is refused."""

import pytest
from joserfc import jwk

from idp.relying_parties.errors import InvalidMetadataError, InvalidRedirectUriError
from idp.relying_parties.metadata import validate
from tests.unit.relying_parties.parties import CALLBACK, EC_KEY, metadata, purpose

OTHER_HOST = "https://other.example.vn/callback"
SMALL_RSA = {"kty": "RSA", "n": "w" * 170 + "Q", "e": "AQAB"}


def test_the_least_registration_gets_safe_defaults():
    """Code flow, PKCE, RS256, Basic, pairwise (RFC 7591 §2, OIDC Registration §2)."""
    document, policy = validate({"redirect_uris": [CALLBACK]}, sandbox=False)

    assert document == {
        "application_type": "web",
        "client_name": "portal.example.vn",
        "grant_types": ["authorization_code"],
        "id_token_signed_response_alg": "RS256",
        "post_logout_redirect_uris": [],
        "redirect_uris": [CALLBACK],
        "require_auth_time": False,
        "require_pushed_authorization_requests": False,
        "response_types": ["code"],
        "scope": "openid",
        "subject_type": "pairwise",
        "token_endpoint_auth_method": "client_secret_basic",
    }
    assert policy == {
        "require_pkce": True,
        "require_nonce": False,
        "sector": "portal.example.vn",
        "claims_policy": [],
    }


def test_a_sandbox_opens_the_standard_scopes_by_default():
    """Where no scope is named, stock software asks for the standard ones."""
    document, _ = validate(metadata(), sandbox=True)

    assert document["scope"] == "openid profile email phone address"


def test_unknown_members_and_scopes_are_left_out():
    """RFC 7591 §2: members that are not understood are ignored."""
    document, _ = validate(
        metadata(scope="profile groups", favourite="x"), sandbox=True
    )

    assert document["scope"] == "openid profile"
    assert "favourite" not in document


def test_offline_access_brings_the_refresh_grant():
    """Whoever may stay while the citizen is away needs refresh tokens."""
    document, _ = validate(metadata(scope="openid offline_access"), sandbox=True)

    assert document["grant_types"] == ["authorization_code", "refresh_token"]


def test_names_may_be_translated():
    """OIDC Registration §2.1: `client_name#vi`."""
    document, _ = validate(
        metadata(**{"client_name#vi": "Cổng", "client_name#en": "Portal"}), sandbox=True
    )

    assert (document["client_name#vi"], document["client_name#en"]) == (
        "Cổng",
        "Portal",
    )


def test_everything_that_is_known_is_kept():
    """Members of RFC 7591, OIDC Registration and our own."""
    members = {
        "application_type": "web",
        "client_name": "Ngân hàng thử",
        "client_uri": "https://portal.example.vn",
        "logo_uri": "https://portal.example.vn/logo.svg",
        "policy_uri": "https://portal.example.vn/policy",
        "tos_uri#vi": "https://portal.example.vn/tos",
        "contacts": ["it@example.vn"],
        "software_id": "portal",
        "software_version": "1.2",
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": ["https://portal.example.vn/bye"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "EdDSA",
        "jwks": {"keys": [EC_KEY]},
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "RS256",
        "default_max_age": 3600,
        "default_acr_values": ["urn:dinhdanh:acr:2.2"],
        "require_auth_time": True,
        "require_pushed_authorization_requests": True,
        "request_object_signing_alg": "ES256",
        "require_signed_request_object": True,
        "authorization_signed_response_alg": "ES256",
        "introspection_signed_response_alg": "ES256",
        "id_token_encrypted_response_alg": "ECDH-ES",
        "id_token_encrypted_response_enc": "A256GCM",
        "authorization_details_types": ["residence_query"],
        "subject_type": "pairwise",
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "scope": "openid",
    }

    document, policy = validate(
        {**members, "minimum_acr": "urn:dinhdanh:acr:2.2", "sector": "example.vn"},
        sandbox=False,
    )

    assert document == members
    assert policy["minimum_acr"] == "urn:dinhdanh:acr:2.2"
    assert policy["sector"] == "example.vn"


@pytest.mark.parametrize(
    "members",
    [
        {"client_name": " "},
        {"client_name": 7},
        {"client_name": "x" * 101},
        {"client_name": "Cổng\u202eevil"},
        {"client_name": "Cổng\u200bdịch vụ"},
        {"client_name": "Cổng\r\nX"},
        {"client_name": "Vietсombank"},  # a Cyrillic letter
        {"client_name": "định danh"},
        {"client_name": "D1nh  Đanh!"},
        {"client_name": "C\u0251ng"},  # Latin alpha
        {"client_name": "Ｂank"},
        {"client_name": "Cổng \u0661"},  # an Arabic digit
        {"client_name": "C\u0338ổng"},  # a stroke laid over the letter
        {"client_name#vi": "a\u2066b"},
        {"redirect_uris": None},
        {"redirect_uris": []},
        {"redirect_uris": CALLBACK},
        {"redirect_uris": [CALLBACK] * 51},
        {"redirect_uris": ["https://portal.example.vn/cb#f"]},
        {"post_logout_redirect_uris": ["https://portal.example.vn/*"]},
        {"redirect_uris": [CALLBACK, OTHER_HOST]},
        {"redirect_uris": ["vn.example.app:/back"]},
        {"application_type": "service"},
        {"response_types": ["token"]},
        {"grant_types": ["implicit"]},
        {"grant_types": ["refresh_token"]},
        {"scope": ["openid"]},
        {"subject_type": "ephemeral"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_signing_alg": "HS256"},
        {"token_endpoint_auth_signing_alg": "none"},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"jwks_uri": "http://portal.example.vn/jwks"},
        {"jwks_uri": "https://user@portal.example.vn/jwks"},
        {"jwks_uri": "https://portal.example.vn/jwks", "jwks": {"keys": [EC_KEY]}},
        {"sector_identifier_uri": "file:///etc/passwd"},
        {"sector_identifier_uri": "https://a.example/s", "sector": "b.example"},
        {"software_statement": 7},
        {"id_token_encrypted_response_alg": "RSA-OAEP"},
        {"require_signed_request_object": True},
        {"request_object_signing_alg": "none", "jwks": {"keys": [EC_KEY]}},
        {"request_object_encryption_alg": "RSA-OAEP-256"},
        {"authorization_signed_response_alg": "none"},
        {"introspection_signed_response_alg": "HS256"},
        {"id_token_encrypted_response_alg": "ECDH-ES"},
        {"id_token_encrypted_response_alg": "RSA-OAEP-256", "jwks": {"keys": [EC_KEY]}},
        {"userinfo_encrypted_response_enc": "A256GCM"},
        {
            "userinfo_encrypted_response_alg": "ECDH-ES",
            "jwks": {"keys": [{**EC_KEY, "use": "sig"}]},
        },
        {"logo_uri": "javascript:alert(1)"},
        {"logo_uri": "http://portal.example.vn/logo"},
        {"policy_uri": 'https://portal.example.vn/"><script>'},
        {"policy_uri": "https://user@portal.example.vn/"},
        {"tos_uri#en": "data:,x"},
        {"redirect_uris": ["https://2130706433/callback"]},
        {"redirect_uris": ["https://127.1/callback"]},
        {"redirect_uris": ["https://0177.0.0.1/callback"]},
        {"redirect_uris": ["https://0x7f000001/callback"]},
        {"redirect_uris": ["https://127.0.0.1./callback"]},
        {"redirect_uris": ["https://[::ffff:10.0.0.1]/callback"]},
        {"jwks_uri": "https://0177.0.0.1/jwks"},
        {"jwks_uri": "https://017700000001/jwks"},
        {"jwks_uri": "https://[::ffff:127.0.0.1]/jwks"},
        {"jwks_uri": "https://localhost./jwks"},
        {"redirect_uris": ["https://portal.0x7f/callback"]},
        {"redirect_uris": ["https://xn--80ak6aa92e.com/callback"]},  # Cyrillic
        {"redirect_uris": ["https://xn--portal-/callback"]},
        {"logo_uri": "https://xn--80ak6aa92e.com/logo"},
        {"logo_uri": "https://[2001:db8::1]/logo"},
        {"default_max_age": -1},
        {"default_max_age": True},
        {"default_max_age": "60"},
        {"require_pkce": "no"},
        {"require_pushed_authorization_requests": 1},
        {"minimum_acr": "urn:dinhdanh:acr:3.1"},
        {"minimum_acr": "2"},
        {"sector": "https://portal.example.vn"},
        {"sector": "Portal.example.vn"},
        {"sector": ""},
        {"allowed_resources": ["/api"]},
        {"allowed_resources": "https://api.example"},
        {"claims_policy": {}},
        {"claims_policy": ["name"]},
        {"claims_policy": [{"claim": "name"}]},
        {"claims_policy": [{"claim": "name", "purpose": " "}]},
        {"claims_policy": [purpose("shoe_size")]},
        {"claims_policy": [purpose("name"), purpose("name")]},
        {"claims_policy": [purpose("name", voluntary="yes")]},
        {"token_endpoint_auth_method": "none", "require_pkce": False},
        {"contacts": "a@b.vn"},
        {"software_id": "x" * 400},
    ],
)
def test_unsound_metadata_is_refused(members):
    """Each refusal says which member it is about, also in a sandbox."""
    with pytest.raises(InvalidMetadataError) as refused:
        validate(metadata(**members), sandbox=True)

    assert refused.value.description
    is_redirect = any("redirect_uris" in name for name in members)
    if not is_redirect:
        assert refused.value.error == "invalid_client_metadata"


@pytest.mark.parametrize("value", [None, [], "x", 7])
def test_metadata_is_an_object(value):
    """Any other JSON is refused."""
    with pytest.raises(InvalidMetadataError):
        validate(value, sandbox=True)


def test_huge_metadata_is_refused():
    """Nobody needs 64 kB to describe a portal."""
    with pytest.raises(InvalidMetadataError, match="at most"):
        validate(metadata(favourite="x" * 70_000), sandbox=True)


def test_a_bad_redirect_has_its_own_error():
    """RFC 7591 §3.2.2: invalid_redirect_uri."""
    with pytest.raises(InvalidRedirectUriError) as refused:
        validate(metadata(redirect_uris=["http://portal.example.vn/"]), sandbox=True)

    assert refused.value.error == "invalid_redirect_uri"


@pytest.mark.parametrize(
    "key",
    [
        jwk.RSAKey.generate_key(2048).as_dict(private=False),
        jwk.ECKey.generate_key("P-384").as_dict(private=False),
        jwk.ECKey.generate_key("P-521").as_dict(private=False),
        jwk.OKPKey.generate_key("Ed25519").as_dict(private=False),
        EC_KEY,
    ],
)
def test_sound_keys_are_taken(key):
    """RSA of 2048 bits, the NIST curves, Ed25519; with or without kid."""
    document, _ = validate(
        metadata(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]}),
        sandbox=True,
    )

    assert document["jwks"] == {"keys": [key]}


@pytest.mark.parametrize(
    "keys",
    [
        None,
        [],
        ["x"],
        [{}],
        [{"kty": "oct", "k": "c2VjcmV0"}],
        [jwk.ECKey.generate_key("P-256").as_dict(private=True)],
        [jwk.OKPKey.generate_key("Ed448").as_dict(private=False)],
        [jwk.OKPKey.generate_key("X25519").as_dict(private=False)],
        [jwk.ECKey.generate_key("secp256k1").as_dict(private=False)],
        [SMALL_RSA],
        [{**EC_KEY, "x": "!"}],
        [{**EC_KEY, "y": EC_KEY["x"]}],
        [{**EC_KEY, "use": "both"}],
        [{**EC_KEY, "kid": 7}],
        [EC_KEY, EC_KEY],
        [{**EC_KEY, "kid": str(n)} for n in range(11)],
    ],
)
def test_unsound_keys_are_refused(keys):
    """Private, symmetric, small, malformed, doubled or too many keys."""
    with pytest.raises(InvalidMetadataError, match="jwks"):
        validate(metadata(jwks={"keys": keys}), sandbox=True)


def test_without_pkce_the_nonce_is_demanded():
    """One protection against injected codes is always on (RFC 9700 §2.1.1)."""
    _, policy = validate(metadata(require_pkce=False), sandbox=False)

    assert policy["require_nonce"] is True


def test_pkce_and_nonce_are_both_off_in_a_sandbox_only():
    """A conformance module needs it; nobody else does."""
    members = metadata(require_pkce=False, require_nonce=False)

    _, policy = validate(members, sandbox=True)
    assert (policy["require_pkce"], policy["require_nonce"]) == (False, False)
    with pytest.raises(InvalidMetadataError, match="sandbox"):
        validate(members, sandbox=False)


def test_several_hosts_name_their_sector():
    """OIDC Core §8.1: otherwise it would be unclear whose subjects they are."""
    _, policy = validate(
        metadata(redirect_uris=[CALLBACK, OTHER_HOST], sector="example.vn"),
        sandbox=True,
    )

    assert policy["sector"] == "example.vn"


def test_outside_a_sandbox_every_claim_of_a_scope_needs_a_purpose():
    """The refusal names what is missing; companions follow their claim."""
    with pytest.raises(InvalidMetadataError, match="birthdate, gender"):
        validate(
            metadata(scope="openid profile", claims_policy=[purpose("name")]),
            sandbox=False,
        )

    validate(
        metadata(
            scope="openid profile household",
            claims_policy=[
                purpose(claim) for claim in ("name", "birthdate", "gender", "household")
            ],
        ),
        sandbox=False,
    )
