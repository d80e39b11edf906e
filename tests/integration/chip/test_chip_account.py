"""The card on the citizen's own page: added, renewed, lost; and the sandbox."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from clients.reader.virtual import issuing
from clients.reader.virtual.card import Card
from clients.reader.virtual.person import read_people
from idp import clock
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.cli import sandbox
from idp.cli.chip_lost import lost
from idp.cli.context import CliContext
from idp.errors import NotFoundError
from idp.factors import chip
from idp.provider import Provider
from idp.sandbox import cards
from tests.cards.people import AN
from tests.driver import Browser, at, error_code
from tests.integration.chip.agent import show_card
from tests.integration.chip.people import (
    Citizen,
    chip_of,
    create_citizen,
    enrol,
    issue,
    trust,
)
from tests.integration.way_back import Post, prepare
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
PAGE = "/account/ways/chip"


@pytest.fixture
def citizen(provider: Provider) -> Citizen:
    trust(provider)
    return create_citizen(provider)


@pytest.fixture
def browser(app: Flask, citizen: Citizen) -> Browser:
    """Return a browser on the account's page of the card."""
    browser = Browser(app.test_client())
    browser.visit(PAGE)
    page = browser.submit(**citizen.entry)
    assert page.request.path == PAGE
    return browser


def press(browser: Browser, label: str, **typed: str):
    """Press the form whose address ends in `label`."""
    page = browser.page
    head, found, rest = page.text.partition(f'/{label}"')
    assert found, page.text
    start = head.rindex("<form")
    form = (head[start:] + found + rest).partition("</form>")[0]
    token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
    action = form.partition('action="')[2].partition('"')[0]
    return browser.visit(action, data={"csrf_token": token, **typed})


def known(provider: Provider, citizen: Citizen) -> list[chip.EnrolledCard]:
    with provider.database.read() as connection:
        return chip.list_cards(connection, provider.sealer, citizen.id)


@on_each_backend
def test_adding_the_card(provider, browser, citizen) -> None:
    """The key comes from what is held; the card then belongs to the account."""
    page = press(browser, "add", expires_on="01/01/2039")
    assert at(page) == "chip"

    page = show_card(browser, chip_of(issue()))

    assert page.request.path == PAGE
    assert len(known(provider, citizen)) == 1
    with provider.database.read() as connection:
        entries = provider.audit.recent(connection, citizen.id, 5)
    assert {"CredentialEnrolled", "ChipVerified"} <= {entry.type for entry in entries}


@on_each_backend
def test_a_new_card_takes_the_place_of_the_former(provider, browser, citizen) -> None:
    """Adding the next card retires the last; the same card again changes nothing."""
    first, second = issue(), issue()
    former = enrol(provider, citizen, first)
    for held, shown in ((first, second), (second, second)):
        prove(browser, held)
        press(browser, "add", expires_on="1.1.2039")
        page = show_card(browser, chip_of(shown))
        assert page.request.path == PAGE, page.text

    cards_now = known(provider, citizen)

    assert len(cards_now) == 1
    assert cards_now[0].id != former


@on_each_backend
def test_of_two_cards_at_once_one_is_left(provider, citizen) -> None:
    """Enrolments of one account wait for each other."""
    cards_shown = [issue() for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda card: enrol(provider, citizen, card), cards_shown))

    assert len(known(provider, citizen)) == 1


def test_contacts_are_told_of_the_card(app, provider) -> None:
    """Of a card that was added, once, and of the last strong way that was lost."""
    trust(provider)
    citizen, card = prepare(provider), issue()
    browser = Browser(app.test_client())
    browser.visit(PAGE)
    browser.submit(**citizen.entry)
    post = Post(provider)
    for _ in range(2):
        press(browser, "add", expires_on="01/01/2039")
        assert show_card(browser, chip_of(card)).request.path == PAGE
        prove(browser, card)
    assert len(post.messages()) == len(post.letters()) == 1
    assert "them mot cach" in post.messages()[0]

    press(browser, "lost")

    assert "manh cuoi cung" in post.messages()[0]
    assert "mạnh cuối cùng" in post.letters()[0]


def test_no_other_device_vouches_on_the_way(browser) -> None:
    """An enrolment is refused to a relayed QR code (BCP 247)."""
    press(browser, "add", expires_on="01/01/2039")
    transaction = browser.page.request.path.rsplit("/", 1)[1]

    page = browser.visit(f"/device/{transaction}")

    assert at(page) != "device"


def test_someone_elses_card_is_not_added(provider, browser, citizen) -> None:
    """The holder's number and birthday must be the account's."""
    press(browser, "add", expires_on="01/01/2039")
    other = issue(person=replace(AN, number="999199012345"))

    page = show_card(browser, chip_of(other))

    assert error_code(page) == "DD-CHIP-001"
    assert known(provider, citizen) == []


def test_dates_that_are_none(browser) -> None:
    """What cannot be a date is asked again, kept as it was typed."""
    page = press(browser, "add", expires_on="31/02/2039")

    assert page.status_code == 422
    assert 'value="31/02/2039"' in page.text


def test_reported_lost(provider, browser, citizen) -> None:
    """The card is out of use at once, and cannot be added again."""
    card = issue()
    enrol(provider, citizen, card)
    prove(browser, card)
    page = press(browser, "lost")
    assert page.request.path == "/account/factors"
    assert known(provider, citizen) == []

    browser.visit(PAGE)
    press(browser, "add", expires_on="01/01/2039")
    page = show_card(browser, chip_of(card))

    assert error_code(page) == "DD-CHIP-001"
    with provider.database.read() as connection:
        entries = provider.audit.recent(
            connection, citizen.id, 5, types=("ChipRefused", "CardReportedLost")
        )
    assert [entry.type for entry in entries] == ["ChipRefused", "CardReportedLost"]
    assert entries[0].data["reason"] == "lost"


def test_a_strangers_card_cannot_be_reported(provider, app, browser) -> None:
    """The form works for the own card alone."""
    other = create_citizen(provider, replace(AN, number="999099054321"))
    card = enrol(provider, other, issue(person=other.person))
    own = press_path(browser, f"{PAGE}/{card}/lost")

    assert own.status_code == 404
    assert len(known(provider, other)) == 1


def press_path(browser: Browser, path: str):
    token = browser.page.text.partition('name="csrf_token" value="')[2]
    return browser.visit(path, data={"csrf_token": token.partition('"')[0]})


def test_adding_asks_for_a_strong_proof(provider, app, citizen) -> None:
    """Whoever holds only the password cannot replace the card of another."""
    enrol(provider, citizen, issue())
    browser = Browser(app.test_client())
    browser.visit(PAGE)
    browser.submit(**citizen.entry)

    page = press(browser, "add", expires_on="01/01/2039")

    assert at(page) in ("chip", "ways", "login")
    assert "Thêm thẻ" not in page.text


def test_sandbox_cards(provider, tmp_path: Path) -> None:
    """Cards issued for the sandbox's citizens are enrolled with them, once."""
    people = tmp_path / "people.json"
    data = cards.card_data(provider)
    people.write_text(json.dumps(data[:4]), "utf-8")
    folder = tmp_path / "cards"
    issuing.issue_cards(read_people(people), folder, now=clock.now())
    trust(provider, (folder / "csca.cer").read_bytes())

    assert cards.enrol_cards(provider, folder, now=clock.now()) == 4
    assert cards.enrol_cards(provider, folder, now=clock.now()) == 0


def test_lost_cards_at_the_command_line(provider: Provider) -> None:
    """An operator reports a card, sees the report, and withdraws it."""
    context = CliContext(None)
    context.__dict__.update(config=provider.config, provider=provider)

    def run(*words: str):
        return CliRunner().invoke(lost, words, obj=context)

    assert run("add", AN.number, "--ground", "stolen").exit_code == 0
    assert "stolen" in run("list").output
    assert run("remove", AN.number).exit_code == 0
    assert isinstance(run("remove", AN.number).exception, NotFoundError)
    assert isinstance(run("add", "123").exception, InvalidPersonalNumberError)


def test_the_sandbox_s_cards_at_the_command_line(provider, tmp_path: Path) -> None:
    """Card data can be printed, and an empty folder enrols nothing."""
    context = CliContext(None)
    context.__dict__.update(config=provider.config, provider=provider)

    printed = CliRunner().invoke(sandbox.group, ["card-data"], obj=context)
    assert json.loads(printed.output) == cards.card_data(provider)
    words = ["enrol-cards", str(tmp_path)]
    assert "Nothing" in CliRunner().invoke(sandbox.group, words, obj=context).output


def prove(browser: Browser, card: Card) -> None:
    """Show the enrolled card where a strong proof is asked; be back on the page."""
    browser.visit(PAGE)
    page = press(browser, "add", expires_on="01/01/2039")
    assert at(page) == "chip"
    page = show_card(browser, chip_of(card))
    assert page.request.path == PAGE, page.text
