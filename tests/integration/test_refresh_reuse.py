"""Refresh tokens rotate: one winner, a short grace, and reuse ends the grant."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from idp import clock
from idp.accounts import lifecycle
from tests.integration.token_side import (
    assert_refused,
    authorize,
    claims_of,
    post,
    redeem,
    refresh,
    register,
    userinfo,
)
from tests.services import BACKENDS

PARALLEL = 50
SCOPES = "openid profile email offline_access"


@pytest.fixture
def portal(provider):
    """Return a registered client."""
    return register(provider)


@pytest.fixture
def tokens(client, provider, portal):
    """Return the first tokens of a chain."""
    return redeem(client, portal, authorize(provider, portal, scopes=SCOPES))


@pytest.fixture
def later(monkeypatch):
    """Return a function that moves the clock on."""

    def move(seconds):
        moment = clock.now() + timedelta(seconds=seconds)
        monkeypatch.setattr("idp.clock.now", lambda: moment)

    return move


def test_a_refresh_gives_new_tokens(client, portal, tokens):
    """RFC 6749 §6 and OIDC Core §12.2: the sign-in stays what it was."""
    response = refresh(client, portal, tokens["refresh_token"])

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert body["refresh_token"] != tokens["refresh_token"]
    assert body["scope"] == SCOPES
    before, after = claims_of(tokens["id_token"]), claims_of(body["id_token"])
    kept = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    assert all(before[name] == after[name] for name in kept)
    assert "nonce" not in after
    assert before["jti"] != after["jti"]
    assert userinfo(client, body["access_token"]).status_code == 200


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_parallel_refreshes_one_wins(app, client, portal, tokens, backend):
    """Fifty at once: one winner whose chain goes on; the losers do no harm."""

    def attempt(_number):
        response = refresh(app.test_client(), portal, tokens["refresh_token"])
        return response.status_code, response.get_json()

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(attempt, range(PARALLEL)))

    winners = [body for status, body in answers if status == 200]
    assert len(winners) == 1
    assert {b["error"] for s, b in answers if s != 200} == {"invalid_grant"}
    assert refresh(client, portal, winners[0]["refresh_token"]).status_code == 200


@pytest.mark.parametrize("backend", BACKENDS)
def test_reuse_after_the_grace_ends_the_grant(client, portal, tokens, later, backend):
    """A used token that comes back later was stolen by someone (RFC 9700 §4.14)."""
    fresh = refresh(client, portal, tokens["refresh_token"]).get_json()
    later(2)
    within = refresh(client, portal, tokens["refresh_token"])
    assert_refused(within, "invalid_grant")
    assert userinfo(client, fresh["access_token"]).status_code == 200

    later(5)
    reused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(reused, "invalid_grant")

    assert userinfo(client, fresh["access_token"]).status_code == 401
    after = refresh(client, portal, fresh["refresh_token"])
    assert_refused(after, "invalid_grant")


def test_another_client_s_attempt_changes_nothing(client, provider, portal, tokens):
    """A refresh token is bound to its client."""
    other = register(provider)

    foreign = refresh(client, other, tokens["refresh_token"])
    assert_refused(foreign, "invalid_grant")

    assert refresh(client, portal, tokens["refresh_token"]).status_code == 200


def test_the_scope_may_shrink_and_never_grow(client, portal, tokens):
    """A refused widening leaves the token unspent; a narrowing does not last."""
    wider = refresh(client, portal, tokens["refresh_token"], scope="openid residence")
    assert_refused(wider, "invalid_scope")

    narrow = refresh(client, portal, tokens["refresh_token"], scope="openid email")
    assert narrow.get_json()["scope"] == "openid email"

    again = refresh(client, portal, narrow.get_json()["refresh_token"])
    assert again.get_json()["scope"] == SCOPES


def test_without_openid_there_is_no_id_token(client, portal, tokens):
    """An access token for a resource alone brings no ID token."""
    body = refresh(client, portal, tokens["refresh_token"], scope="profile").get_json()

    assert "id_token" not in body
    assert userinfo(client, body["access_token"]).status_code == 403


def test_a_locked_account_is_not_refreshed(client, provider, portal):
    """The lock acts at once, and its lifting leaves the token as it was."""
    made = authorize(provider, portal, scopes=SCOPES)
    tokens = redeem(client, portal, made)
    lock = {"ground": "holder_request", "asker": "holder", "now": clock.now()}
    account_id = made.grant.account_id
    with provider.database.transaction() as database:
        lifecycle.place_lock(database, provider.audit, account_id, **lock)

    refused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(refused, "invalid_grant")

    with provider.database.transaction() as database:
        lifecycle.lift_lock(database, provider.audit, account_id, **lock)
    assert refresh(client, portal, tokens["refresh_token"]).status_code == 200


def test_a_lost_level_is_not_refreshed(client, provider, portal):
    """Tokens would claim a level that the account no longer has."""
    made = authorize(provider, portal, scopes=SCOPES)
    tokens = redeem(client, portal, made)
    with provider.database.transaction() as database:
        lifecycle.change_level(
            database, provider.audit, made.grant.account_id, 1, now=clock.now()
        )

    refused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(refused, "invalid_grant")


def test_an_idle_token_expires_without_harm(client, portal, tokens, later, provider):
    """Thirty days unused: invalid_grant, and nobody is suspected."""
    later(provider.config.lifetimes.refresh_idle + 1)

    refused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(refused, "invalid_grant")


def test_a_failing_signer_spends_nothing(client, portal, tokens, monkeypatch):
    """Tokens are signed before the rotation commits."""
    with monkeypatch.context() as patch:
        patch.setattr("idp.oidc.tokens.lint", lambda claims: 1 / 0)
        failed = refresh(client, portal, tokens["refresh_token"])
        assert_refused(failed, "server_error", 500)

    assert refresh(client, portal, tokens["refresh_token"]).status_code == 200


def test_a_public_client_rotates_too(client, provider):
    """A client without a secret has nothing but the rotation."""
    public = register(provider, "none")
    tokens = redeem(client, public, authorize(provider, public, scopes=SCOPES))

    fresh = refresh(client, public, tokens["refresh_token"])

    assert fresh.status_code == 200
    unproven = post(client, "/token", replace(public, client_id="unknown"), {})
    assert unproven.status_code == 400
