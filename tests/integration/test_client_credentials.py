"""Client credentials (RFC 6749 §4.4): an API asks about the tokens that are for it."""

from typing import Any

import pytest

from idp import clock
from idp.provider import Provider
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import validate
from tests.integration.token_side import (
    ISSUER,
    assert_refused,
    authorize,
    claims_of,
    post,
    redeem,
    register,
    userinfo,
)

API = "https://api.example/residence"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def api(provider: Provider):
    return register(
        provider,
        grant_types=["client_credentials"],
        redirect_uris=[],
        scope="openid",
        resources=[API],
    )


@pytest.fixture
def token(client, api) -> str:
    response = post(client, "/token", api, GRANT)
    assert response.status_code == 200, response.text
    return response.get_json()["access_token"]


def ask(client, own: str, token: str):
    """Introspect with a bearer token."""
    headers = {"Authorization": f"Bearer {own}"}
    return client.post("/introspect", data={"token": token}, headers=headers)


def test_the_token_is_about_nobody(client, api, token) -> None:
    """§4.4.3, RFC 9068 §2.2: the client is the subject; no refresh, no ID token."""
    answered = post(client, "/token", api, GRANT | {"scope": "introspect"}).get_json()

    assert set(answered) == {"access_token", "token_type", "expires_in", "scope"}
    claims = claims_of(token)
    assert claims["sub"] == claims["client_id"] == api.client_id
    assert not {"gid", "sid", "acr", "act"} & set(claims)


def test_it_is_for_us_alone(client, api) -> None:
    """RFC 8707 §2.2: another audience is refused, not dropped."""
    ours = post(client, "/token", api, GRANT | {"resource": ISSUER})
    assert claims_of(ours.get_json()["access_token"])["aud"] == ISSUER

    assert_refused(
        post(client, "/token", api, GRANT | {"resource": API}), "invalid_target"
    )


def test_it_opens_no_citizens_data(client, token) -> None:
    """A token that is about nobody is unknown where citizens' tokens go (J6)."""
    assert userinfo(client, token).status_code == 401


def test_it_is_no_subject_token(client, provider, token) -> None:
    """Nobody acts for anybody by a token that is about nobody."""
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    portal = register(
        provider, grant_types=["authorization_code", exchange], scope="openid"
    )
    form = {
        "grant_type": exchange,
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "requested_subject": "somebody",
    }

    assert_refused(post(client, "/token", portal, form), "invalid_request")


def test_the_api_asks_about_tokens_for_it(client, provider, api, token) -> None:
    """RFC 7662 §2.1, RFC 8707: by `aud`, whoever the token was given to."""
    portal = register(provider)
    for_it = redeem(client, portal, authorize(provider, portal, resource=(API,)))
    other = redeem(client, portal, authorize(provider, portal))

    told = ask(client, token, for_it["access_token"])
    assert told.get_json()["active"] is True
    assert told.get_json()["client_id"] == portal.client_id
    as_client = post(client, "/introspect", api, {"token": for_it["access_token"]})
    assert as_client.get_json() == told.get_json()
    assert ask(client, token, other["access_token"]).get_json() == {"active": False}


def test_the_api_gets_a_signed_answer(client, provider, api, token) -> None:
    """RFC 9701 §5: for the API that asks, not for the client of the token."""
    portal = register(provider)
    tokens = redeem(client, portal, authorize(provider, portal, resource=(API,)))
    media = "application/token-introspection+jwt"
    headers = {"Authorization": f"Bearer {token}", "Accept": media}

    told = client.post(
        "/introspect", data={"token": tokens["access_token"]}, headers=headers
    )

    assert told.content_type == media
    assert claims_of(told.text)["aud"] == api.client_id
    assert claims_of(told.text)["token_introspection"]["aud"] == API


@pytest.mark.parametrize("kind", ["citizen", "nonsense", "none"])
def test_only_a_token_of_its_own_asks(client, provider, kind) -> None:
    """A citizen's token, or none, does not make a client an API."""
    portal = register(provider)
    tokens = redeem(client, portal, authorize(provider, portal, resource=(API,)))
    own = {"citizen": tokens["access_token"], "nonsense": "a.b.c", "none": ""}[kind]

    response = ask(client, own, tokens["access_token"])

    assert response.status_code == 401
    assert "active" not in response.get_json()


def test_a_removed_client_asks_no_more(client, provider, api, token) -> None:
    """Its token outlives the registration by no request (M6)."""
    with provider.database.transaction() as session:
        provider.relying_parties.remove(
            session, provider.audit, api.client_id, now=clock.now()
        )

    assert ask(client, token, "x").status_code == 401


def test_a_client_asks_about_its_own_token(client, provider, api, token) -> None:
    """RFC 7662 §2.2: what it is, to its owner alone, whichever way the owner asks."""
    told = post(client, "/introspect", api, {"token": token}).get_json()

    assert told["active"] is True
    assert told["client_id"] == told["sub"] == api.client_id
    assert told["scope"] == claims_of(token)["scope"]
    assert (told["aud"], told["token_type"]) == (ISSUER, "Bearer")
    assert ask(client, token, token).get_json() == told
    other = register(provider, resources=[API])
    foreign = post(client, "/introspect", other, {"token": token})
    assert foreign.get_json() == {"active": False}


def test_a_client_revokes_its_own_token(client, provider, api, token) -> None:
    """RFC 7009 §2: it works no more, and no other token of the client ends with it."""
    beside = post(client, "/token", api, GRANT).get_json()["access_token"]
    foreign = register(provider)

    assert post(client, "/revoke", foreign, {"token": token}).status_code == 200
    assert ask(client, token, "x").status_code == 200
    assert post(client, "/revoke", api, {"token": token}).status_code == 200

    assert ask(client, token, "x").status_code == 401
    told = post(client, "/introspect", api, {"token": token}).get_json()
    assert told == {"active": False}
    assert ask(client, beside, beside).get_json()["active"] is True


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "introspect profile"}, "invalid_scope"),
    ],
)
def test_scopes_that_are_refused(client, api, changes, error) -> None:
    """No scope of a citizen's is a client's own."""
    assert_refused(post(client, "/token", api, GRANT | changes), error)


def test_other_clients_have_no_such_tokens(client, provider) -> None:
    """The grant is a client's policy."""
    refused = post(client, "/token", register(provider), GRANT)

    assert_refused(refused, "unauthorized_client")


@pytest.mark.parametrize(
    "metadata",
    [
        {"resources": None},
        {"resources": ["http://api.example"]},
        {"resources": ["api"]},
        {"token_endpoint_auth_method": "none"},
    ],
)
def test_registrations_that_are_refused(metadata: dict[str, Any]) -> None:
    """Only a confidential client with APIs of its own."""
    document = {
        "client_name": "API",
        "grant_types": ["client_credentials"],
        "resources": [API],
        "sector": "api.example",
    }

    with pytest.raises(InvalidMetadataError):
        validate(document | metadata, sandbox=True)
