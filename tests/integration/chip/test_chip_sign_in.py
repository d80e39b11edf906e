"""A chip card through HTTP: a small agent, virtual cards, a browser without scripts."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from clients.reader.virtual.card import Access
from clients.reader.virtual.profiles import DEMO
from idp import clock
from idp.factors import chip_lost
from idp.factors.chip_card import document_index
from idp.factors.models import Credential
from idp.provider import Provider
from tests.cards.people import AN, DAO, QUICK
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.chip.agent import bare, go_to_chip, show_card, unknown_number
from tests.integration.chip.people import (
    Citizen,
    chip_of,
    create_citizen,
    enrol,
    issue,
    trust,
)
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
KINDS = ["bac-rsa", "pace-ecdsa", "pace-rsa", "bac-ecdsa"]


@pytest.fixture
def bank(provider: Provider) -> Portal:
    """Return a portal that asks for level 2."""
    trust(provider)
    return Portal.register(provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2")


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def citizen(provider: Provider, bank: Portal) -> Citizen:
    return create_citizen(provider)


@pytest.mark.parametrize("profile", DEMO, ids=KINDS)
@on_each_backend
def test_card_after_a_password(provider, bank, browser, citizen, profile) -> None:
    """Password and card reach level 2, and the tokens say so."""
    card = issue(profile)
    enrol(provider, citizen, card)
    browser.visit(bank.url())
    browser.submit(**citizen.entry)
    go_to_chip(browser)

    page = show_card(browser, chip_of(card))

    assert at(page) == "consent", page.text
    page = browser.submit(decision="allow")
    claims = bank.redeem(browser.client, answer(page)["code"])["claims"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert claims["amr"] == ["pwd", "sc", "mfa"]


@on_each_backend
def test_card_before_a_password(provider, bank, browser, citizen) -> None:
    """The card first, then the password: a card alone signs nobody in."""
    card = issue()
    enrol(provider, citizen, card)
    portal = Portal.register(provider, "any")
    browser.visit(portal.url())
    go_to_chip(browser)

    page = show_card(browser, chip_of(card), number=citizen.person.number)

    assert at(page) == "password", page.text
    assert browser.client.get("/account").headers["Location"].startswith("/authorize")
    page = browser.submit(password=citizen.entry["password"])
    assert at(page) == "consent"
    page = browser.submit(decision="allow")
    claims = portal.redeem(browser.client, answer(page)["code"])["claims"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert claims["amr"] == ["pwd", "sc", "mfa"]


def test_the_same_card_twice_is_one_factor(provider, bank, browser, citizen) -> None:
    """Shown again, the card adds nothing."""
    card = issue()
    enrol(provider, citizen, card)
    browser.visit(bank.url())
    go_to_chip(browser)
    page = show_card(browser, chip_of(card), number=citizen.person.number)
    assert at(page) == "password"
    go_to_chip(browser)

    page = show_card(browser, chip_of(card))

    assert at(page) == "password"


def test_what_the_audit_log_keeps(provider, bank, browser, citizen) -> None:
    """The evidence is sealed, without a portrait; in the open stand the checks."""
    card = issue(DEMO[0])
    enrol(provider, citizen, card)
    browser.visit(bank.url())
    browser.submit(**citizen.entry)
    go_to_chip(browser)
    show_card(browser, chip_of(card))

    with provider.database.read() as connection:
        entries = provider.audit.recent(
            connection, citizen.id, 10, types=("ChipVerified",)
        )
    used = entries[0]

    assert used.data["purpose"] == "sign_in"
    assert set(used.data) == {"purpose", "checks"}
    assert used.data["checks"] == [
        "bac",
        "passive_authentication",
        "chip_authentication",
        "active_authentication",
    ]
    assert len(bytes.fromhex(used.personal["challenge"])) == 8
    assert set(used.personal["data_groups"]) == {"1", "13", "14", "15"}
    assert bytes.fromhex(used.personal["signature"])


def refused(provider, bank, app, citizen, card, *, first: bool = False):
    """Show a card that is not accepted in a new browser; return page and reason."""
    browser = Browser(app.test_client())
    browser.visit(bank.url())
    if not first:
        browser.submit(**citizen.entry)
    go_to_chip(browser)
    page = show_card(browser, chip_of(card), number=citizen.person.number)
    assert at(page) == "chip"
    assert error_code(page) == "DD-CHIP-001"
    with provider.database.read() as connection:
        entries = provider.audit.recent(
            connection, citizen.id, 5, types=("ChipRefused",)
        )
    return bare(page), entries[0].data["reason"] if entries else None


def test_reasons_are_told_apart_in_the_log_alone(
    provider, bank, app, citizen, monkeypatch
) -> None:
    """Lost, expired, replaced, new, someone else's: one page, and five reasons."""
    first, second = issue(), issue()
    enrol(provider, citizen, first)
    pages, reasons = [], []

    def show(card, **changes) -> None:
        page, reason = refused(provider, bank, app, citizen, card, **changes)
        pages.append(page)
        reasons.append(reason)

    show(issue())  # a card of the same person that was never added
    enrol(provider, citizen, second)
    show(first)
    show(_card_of_another(citizen))
    soon = clock.now().date() - timedelta(days=1)
    expired = issue(person=replace(AN, expires_on=soon))
    show(_opened_like(expired, second))
    index = document_index(
        provider.sealer, number=AN.number, document=second.access.document_number
    )
    with provider.database.transaction() as session:
        chip_lost.add(
            session,
            provider.audit,
            index,
            ground="stolen",
            account_id=citizen.id,
            now=clock.now(),
        )
    show(second)

    assert reasons == [
        "new_card",
        "replaced",
        "not_this_account",
        "card_expired",
        "lost",
    ]
    assert len(set(pages)) == 1


def test_a_card_issued_after_the_report_is_no_lost_card(provider, citizen) -> None:
    """What is reported are the cards issued until then."""
    index = document_index(provider.sealer, number=AN.number, document=AN.number[-9:])
    now = clock.now()
    with provider.database.transaction() as session:
        stores = (session, provider.audit, index)
        chip_lost.add(*stores, ground="lost", account_id=citizen.id, now=now)
        today, later = now.date(), now.date() + timedelta(days=2)

        assert chip_lost.is_lost(session, index, issued_on=today.isoformat())
        assert chip_lost.is_lost(session, index, issued_on=None)
        assert not chip_lost.is_lost(session, index, issued_on=later.isoformat())
        assert chip_lost.remove(*stores, account_id=citizen.id, now=now)
        assert not chip_lost.is_lost(session, index, issued_on=today.isoformat())


def test_an_unknown_number_reads_the_same(provider, bank, app, citizen) -> None:
    """No account, no card, another's card: as many messages, the same page."""
    card = issue()
    enrol(provider, citizen, card)
    without = create_citizen(provider, replace(AN, number="999099012346"))
    strangers = (
        replace(citizen, person=replace(AN, number=unknown_number())),
        without,
    )
    other = issue(person=replace(AN, birth_date="1999-05-06"))

    pages = [
        refused(provider, bank, app, who, shown, first=True)
        for who, shown in [(citizen, other), *((who, card) for who in strangers)]
    ]

    assert len({page for page, _ in pages}) == 1
    assert [reason for _, reason in pages] == [None, None, None]


def test_birth_by_year_alone(provider, bank, browser) -> None:
    """A person of whom only the year is known signs in with their card for life."""
    card = issue(QUICK, DAO)
    citizen = create_citizen(provider, DAO)
    enrol(provider, citizen, card)
    browser.visit(bank.url())
    browser.submit(**citizen.entry)
    go_to_chip(browser)

    page = show_card(browser, chip_of(card))

    assert at(page) == "consent"


def test_a_card_held_back(provider, bank, app, citizen) -> None:
    """Before its day a card proves nothing."""
    card = issue()
    credential = enrol(provider, citizen, card)
    with provider.database.transaction() as session:
        row = session.get(Credential, credential)
        row.usable_from = clock.now() + timedelta(hours=24)

    _, reason = refused(provider, bank, app, citizen, card, first=True)

    assert reason == "held_back"


def _card_of_another(citizen: Citizen):
    """Return another person's true card behind this citizen's access key."""
    other = issue(person=replace(AN, number="999199012345", birth_date="1999-01-01"))
    return _opened_like(other, None, number=citizen.person.number)


def _opened_like(card, like, *, number: str = AN.number):
    access = like.access if like else card.access
    return replace(
        card,
        access=Access(
            document_number=number[-9:],
            birth_date=access.birth_date,
            expiry_date=access.expiry_date,
            can=access.can,
        ),
    )


def test_refusal_names_other_ways(provider, bank, app, citizen) -> None:
    """Who is refused finds another way on the same page, three times at most."""
    enrol(provider, citizen, issue())
    browser = Browser(app.test_client())
    browser.visit(bank.url())
    browser.submit(**citizen.entry)
    go_to_chip(browser)
    for _ in range(3):
        page = show_card(browser, chip_of(issue()))
        assert error_code(page) == "DD-CHIP-001"

    assert "/ways/" in page.text
    assert 'id="to-reader"' not in page.text
