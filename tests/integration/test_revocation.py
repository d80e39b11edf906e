"""Revocation (RFC 7009): either token ends the chain, nobody else's does."""

import pytest

from tests.integration.token_side import (
    assert_refused,
    authorize,
    post,
    redeem,
    refresh,
    register,
    userinfo,
)
from tests.services import BACKENDS

SCOPES = "openid profile offline_access"


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "odd"])
def test_either_token_ends_the_chain(client, provider, backend, kind, hint):
    """Whatever the hint says; the consent itself stays."""
    portal = register(provider)
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))
    form = {"token": tokens[kind]} | ({"token_type_hint": hint} if hint else {})

    response = post(client, "/revoke", portal, form)

    assert response.status_code == 200
    assert userinfo(client, tokens["access_token"]).status_code == 401
    refused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(refused, "invalid_grant")
    again = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))
    assert userinfo(client, again["access_token"]).status_code == 200


def test_other_chains_of_the_grant_go_on(client, provider):
    """A second device of the same citizen at the same portal is not signed out."""
    portal = register(provider)
    first = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))
    second = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))

    post(client, "/revoke", portal, {"token": first["refresh_token"]})

    assert userinfo(client, first["access_token"]).status_code == 401
    assert userinfo(client, second["access_token"]).status_code == 200
    assert refresh(client, portal, second["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_foreign_token_is_not_touched(client, provider, kind):
    """The answer is the same 200, and the owner notices nothing."""
    portal, other = register(provider), register(provider)
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))

    response = post(client, "/revoke", other, {"token": tokens[kind]})

    assert response.status_code == 200
    assert userinfo(client, tokens["access_token"]).status_code == 200
    assert refresh(client, portal, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "\x00", "x" * 10_000])
def test_an_unknown_token_is_no_error(client, provider, token):
    """RFC 7009 §2.2: the client's aim is reached already."""
    assert (
        post(client, "/revoke", register(provider), {"token": token}).status_code == 200
    )


def test_without_a_token_the_request_is_invalid(client, provider):
    """The one parameter that is required."""
    assert_refused(post(client, "/revoke", register(provider), {}), "invalid_request")


def test_an_id_token_is_not_an_access_token(client, provider):
    """Other JWTs of ours have another `typ` and do nothing here."""
    portal = register(provider)
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))

    post(client, "/revoke", portal, {"token": tokens["id_token"]})

    assert userinfo(client, tokens["access_token"]).status_code == 200


def test_a_public_client_may_revoke(client, provider):
    """It is bound to its tokens by their client_id (RFC 7009 §2.1)."""
    portal = register(provider, "none")
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))

    post(client, "/revoke", portal, {"token": tokens["refresh_token"]})

    refused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(refused, "invalid_grant")
