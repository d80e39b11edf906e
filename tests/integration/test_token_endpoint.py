"""The token endpoint: code for tokens, as RFC 6749, OIDC Core and RFC 9068 say."""

import hashlib
from base64 import urlsafe_b64encode

import pytest
from joserfc import jwk, jwt

from idp import clock
from idp.accounts import lifecycle
from idp.consent import grants
from tests.integration.token_side import (
    ISSUER,
    assert_refused,
    authorize,
    claims_of,
    post,
    redeem,
    refresh,
    register,
    userinfo,
)


def test_a_code_gives_tokens(client, provider):
    """The whole answer, and no cache may keep it."""
    portal = register(provider)

    response = post(client, "/token", portal, authorize(provider, portal).form())

    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    body = response.get_json()
    assert set(body) == {
        "access_token",
        "token_type",
        "expires_in",
        "scope",
        "id_token",
    }
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert body["scope"] == "openid profile"


def test_the_id_token_says_what_it_must(client, provider):
    """Every claim of OIDC Core §2, signed with RS256 when nothing was registered."""
    portal = register(provider)
    made = authorize(provider, portal)
    tokens = redeem(client, portal, made)

    keys = jwk.KeySet.import_key_set(client.get("/jwks.json").get_json())
    token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])

    claims, now = token.claims, clock.timestamp(clock.now())
    assert token.header["alg"] == "RS256"
    assert claims["iss"] == ISSUER
    assert claims["aud"] == portal.client_id
    assert claims["sub"] == made.grant.subject
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert now - 5 <= claims["iat"] <= now
    assert claims["exp"] == claims["iat"] + 600
    assert claims["auth_time"] <= claims["iat"] - 59
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}
    assert (claims["account_level"], claims["authentication_level"]) == (2, 2)
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert {"sid", "jti"} <= set(claims)
    assert not {"name", "birthdate", "azp", "gid", "chn"} & set(claims)


def test_a_client_may_register_es256(client, provider):
    """The ID token's algorithm is the registered one."""
    portal = register(provider, id_token_signed_response_alg="ES256")
    tokens = redeem(client, portal, authorize(provider, portal))

    keys = jwk.KeySet.import_key_set(client.get("/jwks.json").get_json())

    assert jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims


def test_the_access_token_is_rfc_9068(client, provider):
    """Header `at+jwt`; the issuer is its audience unless a resource was named."""
    portal = register(provider)
    tokens = redeem(client, portal, authorize(provider, portal))

    keys = jwk.KeySet.import_key_set(client.get("/jwks.json").get_json())
    token = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])

    assert token.header["typ"] == "at+jwt"
    assert token.claims["aud"] == ISSUER
    assert token.claims["client_id"] == portal.client_id
    assert token.claims["scope"] == "openid profile"
    assert token.claims["sub"] == claims_of(tokens["id_token"])["sub"]
    required = {"iss", "exp", "iat", "jti", "auth_time", "acr", "amr"}
    assert required <= set(token.claims)


def test_a_resource_is_the_audience(client, provider):
    """RFC 8707: what was authorized, or less; never more."""
    portal = register(provider)
    both = ("https://api.example/a", "https://api.example/b")
    made = authorize(provider, portal, resource=both)

    refused = post(client, "/token", portal, made.form(resource="https://evil.example"))
    tokens = post(client, "/token", portal, made.form(resource=both[0])).get_json()

    assert_refused(refused, "invalid_target")
    assert claims_of(tokens["access_token"])["aud"] == both[0]
    assert userinfo(client, tokens["access_token"]).status_code == 401


def test_claims_asked_for_the_id_token_are_in_it(client, provider):
    """The `claims` parameter reaches the ID token and never replaces its own claims."""
    portal = register(provider)
    asked = {"id_token": {"birthdate": None, "sub": None, "iss": None, "nonce": None}}
    tokens = redeem(client, portal, authorize(provider, portal, claims=asked))

    claims = claims_of(tokens["id_token"])

    assert claims["birthdate"]
    assert claims["iss"] == ISSUER
    assert claims["nonce"] == "n-0S6_WzA2Mj"


@pytest.mark.parametrize("scopes", ["openid", "openid offline_access"])
def test_a_refresh_token_needs_offline_access(client, provider, scopes):
    """Only what the citizen allowed in their absence lasts."""
    portal = register(provider)

    tokens = redeem(client, portal, authorize(provider, portal, scopes=scopes))

    assert ("refresh_token" in tokens) == ("offline_access" in scopes)


def test_a_client_without_the_grant_gets_no_refresh_token(client, provider):
    """offline_access falls away where refresh is not registered, and scope says so."""
    portal = register(provider, grant_types=["authorization_code"], scope="openid")
    made = authorize(provider, portal, scopes="openid offline_access")

    tokens = redeem(client, portal, made)

    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": None},
        {"redirect_uri": "http://127.0.0.1:8001/other"},
        {"redirect_uri": None},
    ],
)
def test_a_wrong_proof_by_the_owner_burns_the_code(client, provider, changes):
    """Verifier and redirect URI have one try."""
    portal = register(provider)
    made = authorize(provider, portal)

    first = post(client, "/token", portal, made.form(**changes))
    second = post(client, "/token", portal, made.form())

    assert_refused(first, "invalid_grant")
    assert_refused(second, "invalid_grant")


def test_pkce_is_not_downgraded(client, provider):
    """A verifier without a challenge: someone removed the challenge on its way."""
    portal = register(provider, require_pkce=False, require_nonce=True)

    made = authorize(provider, portal, code_challenge=None)
    without = authorize(provider, portal, code_challenge=None)

    assert_refused(post(client, "/token", portal, made.form()), "invalid_grant")
    answer = post(client, "/token", portal, without.form(code_verifier=None))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "x" * 60_000}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": '\x00\U0001f600"'}, "unsupported_grant_type"),
    ],
)
def test_bad_requests_have_their_error(client, provider, form, error):
    """RFC 6749 §5.2, in JSON, with legal characters only."""
    assert_refused(post(client, "/token", register(provider), form), error)


def test_parameters_must_not_repeat_or_hide(client, provider):
    """Duplicates, parameters in the URL, other content types and bad UTF-8."""
    portal = register(provider)
    headers = portal.credentials()[1]
    form_type = "application/x-www-form-urlencoded"

    def send(path="/token", data=b"grant_type=refresh_token", content_type=form_type):
        return client.post(path, data=data, content_type=content_type, headers=headers)

    assert_refused(send(data=b"code=a&code=a&grant_type=x"), "invalid_request")
    assert_refused(send("/token?grant_type=refresh_token"), "invalid_request")
    assert_refused(send(content_type="application/json"), "invalid_request", 415)
    assert_refused(send(data=b"grant_type=\xff"), "invalid_request")
    assert_refused(send(data=b"a" * 70_000), "invalid_request", 413)


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_are_not_allowed(client, method):
    """405 names what is allowed, in JSON."""
    response = getattr(client, method)("/token")

    assert_refused(response, "invalid_request", 405)
    assert "POST" in response.headers["Allow"]


def test_a_locked_account_gets_nothing(client, provider):
    """Between code and token the account may be locked."""
    portal = register(provider)
    made = authorize(provider, portal)
    with provider.database.transaction() as database:
        lifecycle.place_lock(
            database,
            provider.audit,
            made.grant.account_id,
            ground="holder_request",
            asker="holder",
            now=clock.now(),
        )

    assert_refused(post(client, "/token", portal, made.form()), "invalid_grant")


def test_a_withdrawn_consent_gets_nothing(client, provider):
    """Neither code nor refresh token outlives the grant."""
    portal = register(provider)
    scopes = "openid offline_access"
    tokens = redeem(client, portal, authorize(provider, portal, scopes=scopes))
    made = authorize(provider, portal, scopes=scopes)
    with provider.database.transaction() as database:
        grants.end(database, provider.audit, made.grant.id, "withdrawn", clock.now())

    assert_refused(post(client, "/token", portal, made.form()), "invalid_grant")
    refused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(refused, "invalid_grant")


def test_an_unexpected_error_tells_an_id_only(client, provider, monkeypatch):
    """What went wrong stays in the log."""
    portal = register(provider)
    made = authorize(provider, portal)

    def fail(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("idp.oidc.codes.redeem", fail)
    response = post(client, "/token", portal, made.form())

    assert_refused(response, "server_error", 500)
    assert "secret" not in response.text
