"""Grants: at most one for a pair, widened in place, ended at once."""

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from idp.accounts.lifecycle import change_level, place_lock
from idp.consent import grants
from idp.consent.models import Grant
from tests.statements import noted_statements
from tests.unit.consent.allowing import LIFETIME, PARALLEL, all_at_once
from tests.unit.world import NOW, on_each_backend

EXPIRED = NOW + timedelta(seconds=LIFETIME)


def rows(world):
    with world.database.read() as connection:
        return connection.execute(sa.select(Grant.__table__)).all()


@on_each_backend
def test_a_consent_becomes_a_grant(allowing):
    """With what was allowed and refused, a subject and an end."""
    grant = allowing.give(scopes=("openid", "profile"), refused=("gender",))

    assert allowing.find() == grant
    assert grant.scopes == ("openid", "profile")
    assert (grant.claims, grant.refused) == ({"name"}, {"gender"})
    assert grant.expires_at == EXPIRED
    assert len(grant.subject) >= 22
    assert allowing.world.events(allowing.account.id)[0] == "GrantGiven"


@on_each_backend
def test_a_wider_consent_updates_the_grant_in_place(allowing):
    """Same handle, same subject; what is refused now is no longer allowed."""
    first = allowing.give(claims=("name", "gender"), refused=("email",))
    second = allowing.give(
        scopes=("openid", "email"),
        claims=("email", "birthdate"),
        refused=("gender",),
        now=NOW + timedelta(hours=1),
    )

    assert (second.id, second.subject) == (first.id, first.subject)
    assert second.scopes == ("openid", "profile", "email")
    assert second.claims == {"name", "email", "birthdate"}
    assert second.refused == {"gender"}
    assert second.expires_at == EXPIRED + timedelta(hours=1)
    assert len(rows(allowing.world)) == 1


def test_each_client_has_its_own_grant(allowing):
    """One sector, one subject, two grants."""
    first, second = allowing.give(), allowing.give(client_id="other")

    assert first.id != second.id
    assert first.subject == second.subject


@on_each_backend
def test_of_parallel_first_consents_one_grant_remains(allowing):
    """Fifty tabs: one row, and nothing that was allowed is lost."""
    given = all_at_once(lambda n: allowing.give(claims=(f"claim-{n}",)))

    assert {grant.id for grant in given} == {allowing.find().id}
    assert allowing.find().claims == {f"claim-{n}" for n in range(PARALLEL)}
    assert len(rows(allowing.world)) == 1


def test_an_expired_consent_is_followed_by_a_new_grant(allowing):
    """Tokens of the expired grant do not come back to life."""
    first = allowing.give()
    second = allowing.give(now=EXPIRED)

    assert second.id != first.id
    assert second.claims == {"name"}
    assert allowing.live(first.id, EXPIRED) is None
    ended = [row.end_reason for row in rows(allowing.world) if row.id == first.id]
    assert ended == ["expired"]


@on_each_backend
def test_withdrawal_ends_a_grant_once(allowing):
    """At once for tokens; consent is asked anew; only one event."""
    grant = allowing.give()
    assert allowing.live(grant.id).is_usable

    results = all_at_once(lambda _: allowing.end(grant.id))

    assert results.count(True) == 1
    assert allowing.live(grant.id) is None
    assert allowing.find() is None
    events = allowing.world.events(allowing.account.id)
    assert events.count("GrantEnded") == 1
    assert allowing.give().id != grant.id


def test_an_unknown_grant_is_not_ended(allowing):
    """A made-up handle changes nothing."""
    assert not allowing.end(uuid4())
    assert allowing.live(uuid4()) is None


@on_each_backend
def test_a_token_stands_on_the_grant_the_account_and_the_time(allowing):
    """Level and lock are those of now, not of the consent."""
    world, account_id = allowing.world, allowing.account.id
    grant = allowing.give()
    assert allowing.live(grant.id).account_level == 2
    assert allowing.live(grant.id, EXPIRED) is None

    with world.database.transaction() as session:
        change_level(session, world.audit, account_id, 1, now=NOW)
    assert allowing.live(grant.id).account_level == 1

    with world.database.transaction() as session:
        place_lock(
            session,
            world.audit,
            account_id,
            ground="card_expired",
            asker="system",
            now=NOW,
        )
    assert allowing.live(grant.id).is_usable is False


def test_a_token_costs_one_statement(allowing):
    """The hot path of token, userinfo and introspection."""
    grant = allowing.give()

    with noted_statements() as statements:
        allowing.live(grant.id)

    assert len(statements) == 1


def test_the_account_page_lists_live_grants(allowing):
    """Newest first, without the ended and the expired."""
    first = allowing.give()
    second = allowing.give(client_id="other", now=NOW + timedelta(hours=1))

    def listed(now):
        with allowing.world.database.read() as connection:
            found = grants.list_for(connection, allowing.account.id, now=now)
        return [grant.id for grant in found]

    assert listed(NOW) == [second.id, first.id]
    assert listed(EXPIRED) == [second.id]
    allowing.end(second.id)
    assert listed(NOW) == [first.id]


@pytest.mark.parametrize("client_id", ["portal", "other"])
def test_a_removed_client_leaves_no_grant(allowing, client_id):
    """Its successor of the same name inherits nobody's consent (anchors K6)."""
    given = {name: allowing.give(client_id=name).id for name in ("portal", "other")}

    with allowing.world.database.transaction() as session:
        ended = grants.end_all_of_client(
            session,
            allowing.world.audit,
            client_id,
            reason=grants.CLIENT_REMOVED,
            now=NOW,
        )

    assert ended == [given[client_id]]
    assert allowing.live(given[client_id]) is None
    assert allowing.world.events(allowing.account.id)[0] == "GrantEnded"
