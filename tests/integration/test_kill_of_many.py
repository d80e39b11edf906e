"""A kill among many: counts that stop, ends in lots, letters first, one reading."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.accounts.models import Account
from idp.consent import grants
from idp.consent.grants import Consent
from idp.custody import aftermath, kill, lots, reach
from idp.custody.kill import Choice
from idp.custody.models import KeyIncident
from idp.custody.reach import Count, Span
from idp.factors.mail import SandboxLetters
from idp.provider import Provider
from keys.ring import RINGS, Ring
from tests.driver import Browser, Portal
from tests.integration.test_two_persons import run
from tests.services import BACKENDS
from tests.staff import sign_in_officer
from tests.statements import noted_statements

ID = Ring("id_token", "RS256")
CONTACT = "security@bank.example"
MANY = 5


def give(provider: Provider, number: int) -> None:
    """Have so many people allow the bank something."""
    with provider.database.transaction() as session:
        people = session.scalars(sa.select(Account.id).limit(number)).all()
        for person in people:
            consent = Consent(person, "bank", "bank.example", ["openid"], [], [], 3600)
            grants.give(session, provider.audit, consent, now=clock.now())
    assert len(people) == number


def kill_key(provider: Provider, **choice: Any) -> None:
    """Kill the key of ID tokens, and leave what remains to be done."""
    now = clock.now()
    kid = provider.rotator.rehearse(ID, now=now).active.kid
    with provider.database.transaction() as session:
        done = kill.kill(
            provider, session, Choice(kid, **choice), reason="x", by="y", now=now
        )
    done.afterwards()


def incident(provider: Provider) -> KeyIncident:
    with provider.database.transaction() as session:
        return session.scalars(sa.select(KeyIncident)).one()


@pytest.mark.parametrize("backend", BACKENDS)
def test_grants_end_in_lots_that_go_on_after_a_crash(
    provider: Provider, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each lot is a transaction of so many statements, whatever it ends."""
    monkeypatch.setattr(lots, "AT_ONCE", 2)
    monkeypatch.setattr(aftermath, "_A_TURN", 1)
    Portal.register(provider, "bank", contacts=[CONTACT])
    give(provider, MANY)
    kill_key(provider, grants="revoke")

    assert aftermath.go_on(provider, now=clock.now())
    begun = incident(provider)
    assert (begun.grants_ended, begun.over_at) == (2, None)
    with noted_statements() as statements, monkeypatch.context() as crashing:
        crashing.setattr(lots, "_go_past", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            aftermath.go_on(provider, now=clock.now())
    assert len(statements) < 12, statements
    assert incident(provider).grants_ended == 2, "a lot is whole or not begun"
    turns = 0
    while aftermath.go_on(provider, now=clock.now()):
        turns += 1

    over = incident(provider)
    assert over.grants_ended == MANY
    assert over.over_at is not None
    assert turns < 12


def test_letters_do_not_wait_for_grants(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Millions of grants take minutes to end; portals are told at once."""
    monkeypatch.setattr(aftermath, "go_on", lambda *_, **__: False)
    Portal.register(provider, "bank", contacts=[CONTACT])
    kill_key(provider, grants="revoke")

    aftermath.look(provider, now=clock.now())
    provider.courier.wait()

    assert incident(provider).over_at is None
    assert len(SandboxLetters(provider.database).list(CONTACT)) == 1


def test_a_command_ends_everything_and_writes_to_portals(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no server that goes on, however many turns it takes."""
    monkeypatch.setattr(lots, "AT_ONCE", 2)
    monkeypatch.setattr(aftermath, "_A_TURN", 1)
    Portal.register(provider, "bank", contacts=[CONTACT])
    give(provider, MANY)
    active = provider.rotator.rehearse(ID, now=clock.now()).active

    done = run(
        provider, "keys kill", active.kid, "--reason", "Lost", "--grants", "revoke"
    )

    assert done.exit_code == 0, done.output
    over = incident(provider)
    assert over.grants_ended == MANY
    assert over.over_at is not None
    assert len(SandboxLetters(provider.database).list(CONTACT)) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cost_is_not_counted_beyond_what_one_reads(
    provider: Provider, backend: str
) -> None:
    """So many, or more than that, in a statement that stops there."""
    Portal.register(provider, "bank")
    began = clock.now()
    give(provider, 3)
    now = clock.now()

    with provider.database.read() as connection:
        span = Span(["bank"], began, now)
        exact = reach.count_grants(connection, span, now, most=3)
        cut = reach.count_grants(connection, span, now, most=2)
        none = reach.count_grants(connection, Span(["bank"], now, now), now)

    assert (exact, cut, none) == (Count(3), Count(2, is_more=True), Count(0))


def test_the_board_reads_what_portals_fetched_once(
    app: Flask, provider: Provider
) -> None:
    """However many rings turn."""
    Portal.register(provider, "bank")
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=("security",))
    for ring in RINGS:
        provider.rotator.rotate(ring, now=clock.now())

    with noted_statements() as statements:
        page = browser.visit("/staff/keys?lang=en")

    assert page.text.count("Portals known to have the next key: ") > 1
    assert sum("FROM key_set_fetches" in one for one in statements) == 1
    assert len(statements) < 15, statements
