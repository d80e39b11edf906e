"""Introspection (RFC 7662): the state of one's own tokens, as of now."""

from datetime import timedelta

import pytest

from idp import clock
from idp.consent import grants
from tests.integration.token_side import (
    ISSUER,
    assert_refused,
    authorize,
    post,
    redeem,
    refresh,
    register,
)

SCOPES = "openid profile offline_access"


@pytest.fixture
def portal(provider):
    """Return a registered client."""
    return register(provider)


def introspect(client, portal, token, **form):
    response = post(client, "/introspect", portal, {"token": token, **form})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    return response.get_json()


def test_an_access_token_is_described(client, provider, portal):
    """What RFC 7662 §2.2 names, and how the citizen signed in; no handle of ours."""
    made = authorize(provider, portal, scopes=SCOPES)
    tokens = redeem(client, portal, made)

    told = introspect(client, portal, tokens["access_token"])

    assert told["active"] is True
    assert told["sub"] == made.grant.subject
    assert (told["iss"], told["aud"]) == (ISSUER, ISSUER)
    assert (told["client_id"], told["scope"]) == (portal.client_id, SCOPES)
    assert told["token_type"] == "Bearer"
    assert told["exp"] > clock.timestamp(clock.now())
    assert not {"gid", "chn", "asked", "name"} & set(told)


def test_a_refresh_token_is_described(client, provider, portal):
    """Active until it is used."""
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))

    told = introspect(client, portal, tokens["refresh_token"])
    refresh(client, portal, tokens["refresh_token"])

    assert told["active"] is True
    assert told["scope"] == SCOPES
    assert introspect(client, portal, tokens["refresh_token"]) == {"active": False}


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_another_client_learns_nothing(client, provider, portal, kind):
    """Someone else's token is as unknown as none (§2.2)."""
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))

    told = introspect(client, register(provider), tokens[kind])

    assert told == {"active": False}


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "\x00", "x" * 10_000])
def test_unknown_tokens_are_inactive(client, portal, token):
    """Whatever it is, it is not active."""
    assert introspect(client, portal, token) == {"active": False}


def test_an_id_token_is_not_active(client, provider, portal):
    """`typ` keeps other JWTs of ours out."""
    tokens = redeem(client, portal, authorize(provider, portal))

    assert introspect(client, portal, tokens["id_token"]) == {"active": False}


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_withdrawal_acts_at_once(client, provider, portal, kind):
    """The grant is read each time."""
    made = authorize(provider, portal, scopes=SCOPES)
    tokens = redeem(client, portal, made)
    with provider.database.transaction() as database:
        grants.end(database, provider.audit, made.grant.id, "withdrawn", clock.now())

    assert introspect(client, portal, tokens[kind]) == {"active": False}


def test_a_revoked_chain_is_inactive(client, provider, portal):
    """Revoking one token ends the others."""
    tokens = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))
    post(client, "/revoke", portal, {"token": tokens["refresh_token"]})

    assert introspect(client, portal, tokens["access_token"]) == {"active": False}
    assert introspect(client, portal, tokens["refresh_token"]) == {"active": False}


def test_time_ends_it(client, provider, portal, monkeypatch):
    """Expired is inactive."""
    tokens = redeem(client, portal, authorize(provider, portal))
    later = clock.now() + timedelta(seconds=601)
    monkeypatch.setattr("idp.clock.now", lambda: later)

    assert introspect(client, portal, tokens["access_token"]) == {"active": False}


def test_a_public_client_may_not_ask(client, provider):
    """Introspection needs a proven caller (§2.1)."""
    public = register(provider, "none")

    refused = post(client, "/introspect", public, {"token": "x"})

    assert_refused(refused, "invalid_client")


def test_the_token_is_required(client, portal):
    """Without it there is nothing to introspect."""
    assert_refused(post(client, "/introspect", portal, {}), "invalid_request")
