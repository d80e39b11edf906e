"""Accounts lock when the paper ends that opened them, whichever way they came to be."""

from datetime import date, datetime, timedelta

import pytest

from idp import clock
from idp.accounts.calendar import HANOI
from idp.accounts.identifiers import find_account_id
from idp.accounts.lifecycle import live_locks
from idp.enrolment import dossiers
from idp.locks import placing, sweeping
from idp.registry.person import RegisteredCard
from tests.cards.people import AN
from tests.integration.chip.people import create_citizen
from tests.integration.desk.counter import (
    dossier_of,
    open_desk,
    ready,
    register,
    registered,
)
from tests.integration.desk.test_desk_others import EMILE, papers, passport
from tests.integration.enrolling import Applying, newcomer


def locked_on(provider, number: str, day: date) -> tuple[str, ...]:
    """Sweep at noon of a day in Viet Nam; return the person's locks."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=HANOI)
    sweeping.sweep(provider, now=noon)
    with provider.database.read() as connection:
        account_id = find_account_id(connection, provider.sealer, number)
        return live_locks(connection, account_id)


@pytest.mark.parametrize(
    ("story", "ground"), [("adult", "card_expired"), ("foreigner", "permit_expired")]
)
def test_the_registrys_card_counts_online(app, provider, story, ground) -> None:
    """Good through its last day, and locked on the next."""
    person = newcomer(provider, story)
    Applying(app, provider).apply(person)
    number = person["personal_number"]
    card = provider.registry.find(number, now=clock.now()).person.card
    last = date.fromisoformat(card.expires_on)

    assert locked_on(provider, number, last) == ()
    assert locked_on(provider, number, last + timedelta(days=1)) == (ground,)


def test_a_foreigners_two_papers_count_at_the_desk(app, provider) -> None:
    """The passport that was shown, and the residence card that is registered."""
    residence = RegisteredCard("valid", "2024-01-01", "2027-03-31", kind="residence")
    register(provider, registered(EMILE, nationality="FR", card=residence))
    desk = open_desk(app, provider)
    papers(desk, EMILE, "foreigner", **passport(expires_on="30/06/2027"))
    desk.press("/registry")
    desk.prove()
    desk.finish()
    grant(provider, EMILE.number)

    assert locked_on(provider, EMILE.number, date(2027, 3, 31)) == ()
    expected = ("permit_expired",)
    assert locked_on(provider, EMILE.number, date(2027, 4, 1)) == expected
    both = set(locked_on(provider, EMILE.number, date(2027, 7, 1)))
    assert both == {"permit_expired", "passport_expired"}


def test_who_waits_for_a_card_is_locked_until_it_is_there(app, provider) -> None:
    """A grant while the registered card is over opens nothing (D69 art. 15)."""
    card = RegisteredCard("expired", "2010-01-01", "2025-01-01")
    register(provider, registered(card=card))
    desk = open_desk(app, provider)
    papers(desk, AN, "no_card")
    desk.press("/registry")
    desk.prove()
    desk.finish()
    today = clock.now().astimezone(HANOI).date()
    assert locked_on(provider, AN.number, today) == (), "not granted yet"

    grant(provider, AN.number)

    assert locked_on(provider, AN.number, today) == ("card_expired",)


def grant(provider, number: str) -> None:
    """Grant the person's dossier."""
    with provider.database.transaction() as session:
        dossiers.grant(
            provider, session, dossier_of(provider, number).id, by="x", now=clock.now()
        )


@pytest.mark.parametrize("other", [(), ("card_held",)])
def test_a_renewed_card_opens_it_at_a_desk(app, provider, other) -> None:
    """The chip is read, and its lock ends at once; any other keeps holding."""
    member = create_citizen(provider, AN, level=2, phone="+84912345671")
    for ground in ("card_expired", *other):
        with provider.database.transaction() as session:
            placing.lock(
                provider,
                session,
                member.id,
                ground=ground,
                asker="system",
                now=clock.now(),
            )
    desk = open_desk(app, provider)
    desk.begin()
    page = desk.read_card(ready(provider))
    assert "DD-DESK-015" in page.text

    page = desk.press("/renewal")

    assert "Đã ghi nhận giấy tờ mới" in page.text
    with provider.database.read() as connection:
        assert live_locks(connection, member.id) == other
        events = provider.audit.recent(connection, member.id, 20)
    lifted = next(one for one in events if one.type == "LockLifted")
    assert lifted.data["by"] == str(desk.officer_id)


def test_a_lock_on_another_ground_is_not_the_desks(app, provider) -> None:
    """There is no such button."""
    member = create_citizen(provider, AN, level=2)
    with provider.database.transaction() as session:
        placing.lock(
            provider,
            session,
            member.id,
            ground="terms_breach",
            asker="agency",
            now=clock.now(),
        )
    desk = open_desk(app, provider)
    desk.begin()
    assert "/renewal" not in desk.read_card(ready(provider)).text
