"""A code works once: races, replays and other clients' attempts (RFC 6749 §4.1.2)."""

from concurrent.futures import ThreadPoolExecutor

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

PARALLEL = 50


def end_reasons(provider, account_id):
    """Return why grants of the account ended, as the audit log tells it."""
    with provider.database.read() as connection:
        entries = provider.audit.recent(connection, account_id, 100)
    return [entry.data["reason"] for entry in entries if entry.type == "GrantEnded"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_parallel_redemptions_one_wins(app, provider, backend):
    """Fifty at once: one 200, the others invalid_grant, and the grant is ended."""
    portal = register(provider)
    made = authorize(provider, portal)
    form = made.form()

    def attempt(_number):
        response = post(app.test_client(), "/token", portal, form)
        return response.status_code, response.get_json()

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(attempt, range(PARALLEL)))

    winners = [body for status, body in answers if status == 200]
    assert len(winners) == 1
    losers = {body["error"] for status, body in answers if status != 200}
    assert losers == {"invalid_grant"}
    token = winners[0]["access_token"]
    assert userinfo(app.test_client(), token).status_code == 401
    assert end_reasons(provider, made.grant.account_id) == ["code_replayed"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_owner_s_replay_kills_the_grant(client, provider, backend):
    """Tokens of a replayed code stop at userinfo and refresh."""
    portal = register(provider)
    made = authorize(provider, portal, scopes="openid profile offline_access")
    tokens = redeem(client, portal, made)
    assert userinfo(client, tokens["access_token"]).status_code == 200

    assert_refused(post(client, "/token", portal, made.form()), "invalid_grant")

    assert userinfo(client, tokens["access_token"]).status_code == 401
    refused = refresh(client, portal, tokens["refresh_token"])
    assert_refused(refused, "invalid_grant")


def test_a_late_replay_is_still_recognised(client, provider):
    """The code is long gone; its mark of use is not."""
    portal = register(provider)
    made = authorize(provider, portal)
    tokens = redeem(client, portal, made)
    provider.ephemeral.drop_grant(str(made.grant.id))

    assert_refused(post(client, "/token", portal, made.form()), "invalid_grant")

    assert userinfo(client, tokens["access_token"]).status_code == 401


def test_another_client_s_attempt_changes_nothing(client, provider):
    """Neither before nor after its use does a foreign client harm the owner."""
    portal, other = register(provider), register(provider)
    made = authorize(provider, portal)

    assert_refused(post(client, "/token", other, made.form()), "invalid_grant")
    tokens = redeem(client, portal, made)
    assert_refused(post(client, "/token", other, made.form()), "invalid_grant")

    assert userinfo(client, tokens["access_token"]).status_code == 200


def test_an_unauthenticated_replay_changes_nothing(client, provider):
    """Whoever cannot prove to be the owner cannot end the grant."""
    portal = register(provider)
    made = authorize(provider, portal)
    tokens = redeem(client, portal, made)

    form = made.form(client_id=portal.client_id)
    assert_refused(client.post("/token", data=form), "invalid_client")

    assert userinfo(client, tokens["access_token"]).status_code == 200


def test_bad_input_loses_nothing(client, provider):
    """A refused request leaves the code for the right one."""
    portal = register(provider)
    made = authorize(provider, portal)

    wrong = post(client, "/token", portal, made.form(resource="https://other.example"))
    assert_refused(wrong, "invalid_target")
    assert_refused(
        client.post("/token", json=made.form(), headers=portal.credentials()[1]),
        "invalid_request",
        415,
    )

    assert redeem(client, portal, made)
