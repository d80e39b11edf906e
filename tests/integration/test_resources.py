"""Whom tokens are for (RFC 8707), and which sign-in that takes (RFC 9470)."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import Browser, answer
from tests.driver import Portal as Visited
from tests.integration.token_side import (
    ISSUER,
    Portal,
    assert_refused,
    authorize,
    claims_of,
    post,
    redeem,
    refresh,
    register,
    userinfo,
)

SCOPES = "openid offline_access"
A, B = "https://api.example/a", "urn:example:b"


def portal_with(provider: Provider, **metadata: Any) -> Portal:
    """Register a portal, or register it anew."""
    fixed = {"client_id": "tax", "client_secret": "s" * 32, "sector": "tax.example"}
    return register(provider, **fixed, **metadata)


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        (A, "login_required"),
        (ISSUER, "login_required"),
        (f"{A}/", "invalid_target"),
        (f"{A}#part", "invalid_target"),
        ("https://other.example", "invalid_target"),
    ],
)
def test_registered_resources(
    provider: Provider, client: FlaskClient, resource: str, error: str
) -> None:
    """An API is named by the registered string, or not at all (§2)."""
    portal = Visited.register(provider, "tax", allowed_resources=[A])

    page = Browser(client).visit(portal.url(resource=resource, prompt="none"))

    assert answer(page)["error"] == error


def test_a_replacement_keeps_the_list(provider: Provider, client: FlaskClient) -> None:
    """Left out of a new registration, it does not become any API."""
    Visited.register(provider, "tax", allowed_resources=[A])
    portal = Visited.register(provider, "tax")

    page = Browser(client).visit(portal.url(resource=B, prompt="none"))

    assert answer(page)["error"] == "invalid_target"


def test_a_refresh_narrows_anew(provider: Provider, client: FlaskClient) -> None:
    """Each token is for all that was authorized, or for the named part of it (§2.2)."""
    portal = portal_with(provider, allowed_resources=[A, B])
    first = redeem(
        client, portal, authorize(provider, portal, scopes=SCOPES, resource=(A, B))
    )
    assert claims_of(first["access_token"])["aud"] == [A, B]

    one = refresh(client, portal, first["refresh_token"], resource=A).get_json()
    both = refresh(client, portal, one["refresh_token"]).get_json()
    foreign = refresh(client, portal, both["refresh_token"], resource=ISSUER)

    assert claims_of(one["access_token"])["aud"] == A
    assert claims_of(both["access_token"])["aud"] == [A, B]
    assert_refused(foreign, "invalid_target")
    assert refresh(client, portal, both["refresh_token"]).status_code == 200


def test_an_api_is_taken_back(provider: Provider, client: FlaskClient) -> None:
    """What is registered now decides, whatever was authorized before."""
    portal = portal_with(provider, allowed_resources=[A, B])
    made = authorize(provider, portal, scopes=SCOPES, resource=(A, B))
    tokens = redeem(
        client, portal, authorize(provider, portal, scopes=SCOPES, resource=(A, B))
    )

    portal_with(provider, allowed_resources=[B])

    whole = refresh(client, portal, tokens["refresh_token"])
    rest = refresh(client, portal, tokens["refresh_token"], resource=B)
    assert_refused(whole, "invalid_target")
    assert claims_of(rest.get_json()["access_token"])["aud"] == B
    redeemed = post(client, "/token", portal, made.form())
    assert_refused(redeemed, "invalid_target")


def test_own_apis_need_no_second_listing(
    provider: Provider, client: FlaskClient
) -> None:
    """A client may name its own `resources`."""
    portal = Visited.register(provider, "tax", resources=[A], allowed_resources=[B])

    page = Browser(client).visit(portal.url(resource=A, prompt="none"))

    assert answer(page)["error"] == "login_required"


def test_a_higher_demand_asks_for_step_up(
    provider: Provider, client: FlaskClient
) -> None:
    """RFC 9470 §3: the challenge names the level; no way to a token is round it."""
    portal = portal_with(provider)
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))
    assert userinfo(client, tokens["access_token"]).status_code == 200

    portal_with(provider, minimum_acr="urn:dinhdanh:acr:2.3")

    told = userinfo(client, tokens["access_token"])
    assert_refused(told, "insufficient_user_authentication", 401)
    challenge = told.headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer error="insufficient_user_authentication"')
    assert 'acr_values="urn:dinhdanh:acr:2.3"' in challenge
    assert_refused(refresh(client, portal, tokens["refresh_token"]), "invalid_grant")
