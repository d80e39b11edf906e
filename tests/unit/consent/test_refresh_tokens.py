"""Refresh tokens: each works once; reuse is told from crossing requests."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from idp.consent import refresh_tokens
from idp.consent.models import RefreshToken
from tests.unit.consent.allowing import GRACE, IDLE, PARALLEL, all_at_once
from tests.unit.world import NOW, on_each_backend

AFTER_GRACE = NOW + timedelta(seconds=GRACE + 1)
IDLE_OVER = NOW + timedelta(seconds=IDLE)


@on_each_backend
def test_a_token_is_replaced_at_each_use(allowing):
    """A chain keeps its sign-in and its grant, the token changes."""
    grant, chain_id = allowing.give(), uuid4()
    token = allowing.issue(grant, chain_id)

    for hours in range(3):
        rotation = allowing.rotate(token, now=NOW + timedelta(minutes=59 * hours))
        assert rotation.outcome == "rotated"
        assert rotation.new_token != token
        assert (rotation.grant_id, rotation.chain_id) == (grant.id, chain_id)
        assert rotation.snapshot == {"acr": "x"}
        token = rotation.new_token

    assert len(token) >= 43
    events = allowing.world.events(allowing.account.id)
    assert Counter(events)["RefreshTokenRotated"] == 3
    assert Counter(events)["RefreshTokenIssued"] == 1


@on_each_backend
def test_of_parallel_refreshes_one_wins(allowing):
    """The others learn that it was just used; the grant lives on."""
    grant = allowing.give()
    token = allowing.issue(grant)

    outcomes = all_at_once(lambda _: allowing.rotate(token).outcome)

    assert Counter(outcomes) == {"rotated": 1, "just_rotated": PARALLEL - 1}
    assert allowing.live(grant.id)


@on_each_backend
def test_a_token_that_stays_has_no_loser(allowing):
    """Renewal: crossing requests all succeed, and each use is told."""
    token = allowing.issue(allowing.give())

    renewals = all_at_once(lambda _: allowing.renew(token))

    assert {(item.outcome, item.new_token) for item in renewals} == {("renewed", token)}
    events = allowing.world.events(allowing.account.id)
    assert Counter(events)["RefreshTokenRenewed"] == PARALLEL


def test_a_token_that_stays_dies_of_lying_idle_and_with_its_chain(allowing):
    """Each use begins the idle time anew; an ended chain is not revived."""
    grant, chain_id = allowing.give(), uuid4()
    token = allowing.issue(grant, chain_id)
    almost = NOW + timedelta(seconds=IDLE - 1)

    assert allowing.renew(token, now=almost).outcome == "renewed"
    assert allowing.renew(token, now=IDLE_OVER).outcome == "renewed"
    much_later = IDLE_OVER + timedelta(seconds=IDLE)
    assert allowing.renew(token, now=much_later).outcome == "expired"
    allowing.end_chain(grant, chain_id)
    assert allowing.renew(token).outcome == "expired"


def test_a_token_that_stays_tells_when_it_last_brought_tokens(allowing):
    """Who ends what a stolen key signed finds it, whenever it was first issued."""
    token = allowing.issue(allowing.give())
    later = NOW + timedelta(minutes=20)

    allowing.renew(token, now=later)

    with allowing.world.database.read() as connection:
        issued = connection.execute(sa.select(RefreshToken.issued_at)).scalar_one()
    assert issued == later


def test_a_token_that_was_rotated_is_not_renewed(allowing):
    """A client that joins the profile brings the successor, not the used one."""
    token = allowing.issue(allowing.give())
    allowing.rotate(token)

    assert allowing.renew(token, now=AFTER_GRACE).outcome == "reused"


def test_within_the_grace_a_second_use_is_no_theft(allowing):
    """A client's own requests may have crossed; after that, reuse is reuse."""
    token = allowing.issue(allowing.give())
    allowing.rotate(token)

    at_the_end = NOW + timedelta(seconds=GRACE)
    assert allowing.rotate(token, now=at_the_end).outcome == "just_rotated"
    reused = allowing.rotate(token, now=AFTER_GRACE)
    assert reused.outcome == "reused"
    assert reused.grant_id
    assert not reused.new_token


def test_a_token_of_long_ago_is_reuse_even_when_it_expired(allowing):
    """A stolen old token is a theft whenever it turns up."""
    token = allowing.issue(allowing.give())
    allowing.rotate(token)

    assert allowing.rotate(token, now=IDLE_OVER).outcome == "reused"


@on_each_backend
def test_another_client_neither_uses_nor_kills(allowing):
    """Whatever a stranger presents, the owner's token still works."""
    token = allowing.issue(allowing.give())

    assert allowing.rotate(token, client_id="other").outcome == "other_client"
    assert allowing.rotate(token).outcome == "rotated"
    assert (
        allowing.rotate(token, client_id="other", now=AFTER_GRACE).outcome
        == "other_client"
    )


def test_an_idle_token_expires(allowing):
    """Exactly at the end of its idle time."""
    token = allowing.issue(allowing.give())

    assert allowing.rotate(token, now=IDLE_OVER).outcome == "expired"
    before = IDLE_OVER - timedelta(seconds=1)
    assert allowing.rotate(token, now=before).outcome == "rotated"


@pytest.mark.parametrize("token", ["", "x", "x" * 300, "\udcff", "\0", "é" * 43])
def test_strange_tokens_are_unknown(allowing, token):
    """Answered, never an error."""
    assert allowing.rotate(token).outcome == "unknown"
    with allowing.world.database.read() as connection:
        assert refresh_tokens.find(connection, token) is None


def test_only_digests_are_stored(allowing):
    """The table is of no use to a thief."""
    token = allowing.issue(allowing.give())

    with allowing.world.database.read() as connection:
        row = connection.execute(sa.select(RefreshToken.__table__)).one()
        stored = refresh_tokens.find(connection, token)

    assert token not in str(row)
    assert stored.used_at is None
    assert stored.expires_at == IDLE_OVER


@on_each_backend
def test_an_ended_chain_is_dead(allowing):
    """Other chains of the grant live on."""
    grant, chain_id = allowing.give(), uuid4()
    token, other = allowing.issue(grant, chain_id), allowing.issue(grant)

    assert allowing.end_chain(grant, chain_id) is True
    assert allowing.end_chain(grant, chain_id) is False
    assert allowing.rotate(token).outcome == "expired"
    assert allowing.rotate(other).outcome == "rotated"
    assert "RefreshTokensEnded" in allowing.world.events(allowing.account.id)


@on_each_backend
def test_no_successor_survives_the_end_of_its_chain(allowing):
    """A refresh in flight while its chain is ended leaves no usable token."""
    grant, chain_id = allowing.give(), uuid4()
    token = allowing.issue(grant, chain_id)

    def refresh_or_end(number):
        if number == PARALLEL // 2:
            return allowing.end_chain(grant, chain_id)
        return allowing.rotate(token)

    answers = all_at_once(refresh_or_end)

    new = [a.new_token for a in answers if getattr(a, "outcome", "") == "rotated"]
    assert len(new) <= 1
    for successor in new:
        assert allowing.rotate(successor, now=AFTER_GRACE).outcome == "expired"


def test_a_failed_answer_leaves_the_token_unspent(allowing):
    """What is rolled back did not happen."""
    token = allowing.issue(allowing.give())

    with allowing.world.database.transaction() as session:
        rotation = refresh_tokens.rotate(
            session,
            allowing.world.audit,
            token,
            client_id="portal",
            now=NOW,
            grace=GRACE,
            idle=IDLE,
        )
        session.rollback()

    assert rotation.outcome == "rotated"
    assert allowing.rotate(rotation.new_token).outcome == "unknown"
    assert allowing.rotate(token).outcome == "rotated"
