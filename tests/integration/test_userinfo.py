"""Userinfo (OIDC Core §5.3, RFC 6750): what the grant allows at this moment."""

from datetime import timedelta

import pytest
from joserfc import jwk, jwt

from idp import clock
from idp.accounts import lifecycle
from idp.consent import grants
from idp.consent.grants import Consent
from tests.integration.token_side import (
    ISSUER,
    account_of,
    assert_refused,
    authorize,
    claims_of,
    redeem,
    register,
    userinfo,
)


@pytest.fixture
def portal(provider):
    """Return a registered client."""
    return register(provider)


def access_token(client, provider, portal, scopes="openid profile", **request):
    made = authorize(provider, portal, scopes=scopes, **request)
    return redeem(client, portal, made)["access_token"]


def test_claims_of_scopes_are_told(client, provider, portal):
    """`sub` as in the ID token, and the claims of the scopes."""
    tokens = redeem(client, portal, authorize(provider, portal))

    response = userinfo(client, tokens["access_token"])

    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    claims = response.get_json()
    assert claims["sub"] == claims_of(tokens["id_token"])["sub"]
    assert {"name", "family_name", "given_name", "birthdate"} <= set(claims)
    assert not {"email", "residence", "personal_number"} & set(claims)


def test_residence_is_told_at_level_2(client, provider, portal):
    """The residence claim needs its scope, its consent and its level."""
    token = access_token(client, provider, portal, "openid residence")

    claims = userinfo(client, token).get_json()

    assert set(claims) == {"sub", "residence"}


def test_the_claims_parameter_asks_for_more(client, provider, portal):
    """Single claims, and verified ones, without their scope's others."""
    verification = {"trust_framework": None}
    asked = {
        "name": {"essential": True},
        "verified_claims": {
            "verification": verification,
            "claims": {"birthdate": None},
        },
        "sub": None,
        "unheard_of": None,
    }
    made = authorize(
        provider, portal, scopes="openid profile", claims={"userinfo": asked}
    )
    tokens = redeem(client, portal, made)

    claims = userinfo(client, tokens["access_token"]).get_json()

    assert claims["verified_claims"]["claims"]["birthdate"]
    assert claims["verified_claims"]["verification"]["trust_framework"]
    assert "name" not in claims_of(tokens["id_token"])
    assert "unheard_of" not in claims


@pytest.mark.parametrize("way", ["get", "post-header", "post-body", "lower-case"])
def test_ways_to_send_the_token(client, provider, portal, way):
    """Header with GET and POST, the form of a POST; the scheme in any case."""
    token = access_token(client, provider, portal)
    header = {"Authorization": f"Bearer {token}"}
    response = {
        "get": lambda: client.get("/userinfo", headers=header),
        "post-header": lambda: client.post("/userinfo", headers=header),
        "post-body": lambda: client.post("/userinfo", data={"access_token": token}),
        "lower-case": lambda: client.get(
            "/userinfo", headers={"Authorization": f"bearer {token}"}
        ),
    }[way]()

    assert response.status_code == 200


def test_a_token_in_the_url_is_refused(client, provider, portal):
    """URLs are kept in logs (RFC 9700 §4.3.2)."""
    token = access_token(client, provider, portal)

    response = client.get(f"/userinfo?access_token={token}")

    assert_refused(response, "invalid_request")
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="invalid_request"')


def test_a_token_given_twice_is_refused(client, provider, portal):
    """One way in each request (RFC 6750 §2)."""
    token = access_token(client, provider, portal)

    response = client.post(
        "/userinfo",
        data={"access_token": token},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert_refused(response, "invalid_request")


def test_no_token_has_a_bare_challenge(client):
    """Nothing was tried, so nothing is said to be wrong (RFC 6750 §3.1)."""
    response = client.get("/userinfo")

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["x", "a.b.c", "é", "x" * 20_000, "eyJ.eyJ.", "-"])
def test_unknown_tokens_are_refused(client, token):
    """Malformed and forged alike."""
    response = client.post("/userinfo", data={"access_token": token})

    assert_refused(response, "invalid_token", 401)
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_other_jwts_of_ours_are_refused(client, provider, portal):
    """An ID token is no access token (RFC 9068 §4)."""
    tokens = redeem(client, portal, authorize(provider, portal))

    assert userinfo(client, tokens["id_token"]).status_code == 401


def test_a_changed_token_is_refused(client, provider, portal):
    """The signature covers every letter."""
    head, payload, signature = access_token(client, provider, portal).split(".")
    changed = ("A" if payload[10] != "A" else "B").join((payload[:10], payload[11:]))

    assert userinfo(client, f"{head}.{changed}.{signature}").status_code == 401


def test_an_expired_token_is_refused(client, provider, portal, monkeypatch):
    """Ten minutes, to the second."""
    token = access_token(client, provider, portal)
    later = clock.now() + timedelta(seconds=601)
    monkeypatch.setattr("idp.clock.now", lambda: later)

    assert_refused(userinfo(client, token), "invalid_token", 401)


def test_withdrawal_acts_at_once(client, provider, portal):
    """The token is still young; the consent is gone."""
    made = authorize(provider, portal)
    token = redeem(client, portal, made)["access_token"]
    assert userinfo(client, token).status_code == 200

    with provider.database.transaction() as database:
        grants.end(database, provider.audit, made.grant.id, "withdrawn", clock.now())

    assert_refused(userinfo(client, token), "invalid_token", 401)


def test_a_claim_that_is_refused_later_is_not_told(client, provider, portal):
    """A narrower consent acts on tokens that are out already."""
    token = access_token(client, provider, portal)
    assert "birthdate" in userinfo(client, token).get_json()
    consent = Consent(
        account_id=account_of(provider),
        client_id=portal.client_id,
        sector=provider.relying_parties.find(portal.client_id).sector,
        scopes=("openid", "profile"),
        claims=("name",),
        refused=("birthdate", "birthdate_precision"),
        lifetime=3600,
    )
    with provider.database.transaction() as database:
        grants.give(database, provider.audit, consent, now=clock.now())

    claims = userinfo(client, token).get_json()

    assert "name" in claims
    assert "birthdate" not in claims


def test_a_locked_account_is_told_of_no_more(client, provider, portal):
    """The lock acts at once."""
    made = authorize(provider, portal)
    token = redeem(client, portal, made)["access_token"]
    with provider.database.transaction() as database:
        lifecycle.place_lock(
            database,
            provider.audit,
            made.grant.account_id,
            ground="card_expired",
            asker="system",
            now=clock.now(),
        )

    assert_refused(userinfo(client, token), "invalid_token", 401)


@pytest.mark.parametrize(
    ("scopes", "status"), [("openid", 401), ("openid offline_access", 200)]
)
def test_the_session_s_end_reaches_its_tokens(client, provider, portal, scopes, status):
    """Signing out ends what was for the session, not what was for the absence."""
    token = access_token(client, provider, portal, scopes)

    provider.ephemeral.put(f"ended:{claims_of(token)['sid']}", {}, ttl=600)

    assert userinfo(client, token).status_code == status


def test_a_removed_client_is_told_nothing(client, provider, portal):
    """Its tokens die with its registration."""
    token = access_token(client, provider, portal)
    with provider.database.transaction() as database:
        provider.relying_parties.remove(
            database, provider.audit, portal.client_id, now=clock.now()
        )

    assert userinfo(client, token).status_code == 401


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_userinfo_may_be_signed(client, provider, alg):
    """`userinfo_signed_response_alg`: a JWT for this client (OIDC Core §5.3.2)."""
    portal = register(provider, userinfo_signed_response_alg=alg)
    token = access_token(client, provider, portal)

    response = userinfo(client, token)

    assert response.content_type == "application/jwt"
    keys = jwk.KeySet.import_key_set(client.get("/jwks.json").get_json())
    claims = jwt.decode(response.text, keys, algorithms=[alg]).claims
    assert (claims["iss"], claims["aud"]) == (ISSUER, portal.client_id)
    assert claims["sub"] == claims_of(token)["sub"]
    assert claims["name"]
    assert userinfo(client, response.text).status_code == 401


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_not_allowed(client, method):
    """405 in JSON."""
    assert_refused(getattr(client, method)("/userinfo"), "invalid_request", 405)
