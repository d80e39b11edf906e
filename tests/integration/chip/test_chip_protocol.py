"""What becomes of a reading: once, in order, in time, by its agent and its browser."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from sqlite3 import connect

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from idp import clock
from idp.factors.chip_sessions import Agent as ReadingAgent
from idp.factors.chip_sessions import Errand, ReadingSession
from idp.factors.models import ChipCard
from idp.provider import Provider
from tests.cards.people import AN
from tests.driver import Browser, Portal, at, error_code
from tests.integration.chip.agent import (
    Agent,
    come_back,
    go_to_chip,
    refusal,
    start_token,
)
from tests.integration.chip.people import Citizen, chip_of, create_citizen
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


def test_what_the_agent_is_told(agent: Agent) -> None:
    """Who asks, by what is registered; what is read; for how long."""
    assert set(agent.told) == {"session", "portal", "reads", "expires_in"}
    assert agent.told["portal"] == {"name": "Sen Bank", "domain": "bank.example"}
    assert agent.told["reads"] == ["identity"]
    assert agent.told["expires_in"] == 120


@on_each_backend
def test_a_start_token_is_used_once(app: Flask, browser: Browser) -> None:
    """A second agent gets nothing for the same token."""
    token = start_token(browser)

    assert Agent(app).open(token).status_code == 201
    assert refusal(Agent(app).open(token)) == (410, "start_token_spent")


@on_each_backend
def test_of_parallel_agents_one_gets_the_token(app: Flask, browser: Browser) -> None:
    """Ten at once, one session."""
    token = start_token(browser)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: Agent(app).open(token), range(10)))

    assert sorted(answer.status_code for answer in answers) == [201] + [410] * 9


def test_a_start_token_lives_a_minute(
    app: Flask, browser: Browser, monkeypatch
) -> None:
    """A minute and a second later it is spent."""
    token = start_token(browser)
    _later(monkeypatch, 61)

    assert refusal(Agent(app).open(token)) == (410, "start_token_spent")


@on_each_backend
def test_of_parallel_messages_one_is_answered(agent: Agent, card) -> None:
    """The same message ten times at once moves the card's protocol once."""
    body = agent.jws({"seq": 0, "atr": chip_of(card).atr.hex()})
    path = f"/chip/sessions/{agent.session}"
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: agent.post(path, body), range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


def test_messages_out_of_order(agent: Agent, card) -> None:
    """A replayed, an early and a late message are all refused."""
    atr = chip_of(card).atr.hex()
    assert refusal(agent.send({"seq": 1, "rapdus": ["9000"]})) == (
        409,
        "out_of_sequence",
    )
    assert agent.send({"seq": 0, "atr": atr}).status_code == 200
    assert refusal(agent.send({"seq": 0, "atr": atr})) == (409, "out_of_sequence")
    assert refusal(agent.send({"seq": 2, "rapdus": ["9000"]})) == (
        409,
        "out_of_sequence",
    )


def test_another_key_cannot_go_on(agent: Agent, card) -> None:
    """Whoever learns the session's name has not its key; nothing is used up by them."""
    stranger = ec.generate_private_key(ec.SECP256R1())
    members = {"seq": 0, "atr": chip_of(card).atr.hex()}

    assert refusal(agent.send(members, key=stranger)) == (401, "invalid_signature")
    body = Agent(agent.app).jws(members, jwk=Agent(agent.app).jwk())
    answered = agent.post(f"/chip/sessions/{agent.session}", body)
    assert refusal(answered) == (400, "invalid_message")
    assert agent.send(members).status_code == 200


def test_polling_completes_nothing(agent: Agent, browser: Browser, card) -> None:
    """Without its return code a reading that went well changes nothing."""
    url = agent.read(chip_of(card))

    for members in ({"seq": 0, "atr": ""}, {"seq": 9, "rapdus": ["9000"]}):
        assert refusal(agent.send(members)) == (404, "unknown_session")
    account = browser.client.get("/account")
    assert account.status_code == 200  # the password, and no more
    assert "chip-ID" not in account.text
    assert browser.client.get("/chip/return?code=guess").status_code == 400
    assert at(come_back(browser, url)) == "consent"


@on_each_backend
def test_another_browser_cannot_use_the_code(
    app: Flask, agent: Agent, browser: Browser, card
) -> None:
    """It is refused there, and then nowhere accepted."""
    url = agent.read(chip_of(card))
    other = Browser(app.test_client())
    other.visit("/")
    assert error_code(come_back(other, url)) in ("DD-TXN-003", "DD-TXN-005")

    assert error_code(come_back(browser, url)) == "DD-CHIP-003"


def test_a_return_code_is_used_once(agent: Agent, browser: Browser, card) -> None:
    """A second visit, and one that comes late, find it spent."""
    url = agent.read(chip_of(card))
    assert at(come_back(browser, url)) == "consent"

    assert error_code(come_back(browser, url)) == "DD-CHIP-003"


def test_a_return_code_lives_half_a_minute(agent, browser, card, monkeypatch) -> None:
    """31 seconds later the browser comes too late."""
    url = agent.read(chip_of(card))
    _later(monkeypatch, 31)

    assert error_code(come_back(browser, url)) == "DD-CHIP-003"


def test_another_person_in_the_browser(
    app: Flask, provider: Provider, agent: Agent, browser: Browser, card
) -> None:
    """A card read for one person proves nothing for who has signed in since."""
    person = replace(AN, number="999099054321")
    other = create_citizen(provider, person)
    url = agent.read(chip_of(card))
    transaction = browser.page.request.path.rsplit("/", 1)[1]
    browser.visit(f"/login/{transaction}")
    browser.submit(**other.entry)

    page = come_back(browser, url)

    assert at(page) != "consent"
    with provider.database.read() as connection:
        used = provider.audit.recent(connection, other.id, 9, types=("ChipVerified",))
    assert not used


def test_a_session_expires(agent: Agent, card, monkeypatch) -> None:
    """After two minutes it is not known any more."""
    _later(monkeypatch, 121)

    answered = agent.send({"seq": 0, "atr": chip_of(card).atr.hex()})

    assert refusal(answered) == (404, "unknown_session")


@pytest.mark.parametrize("reason", ["user", "no_card", "card_removed", "timeout"])
def test_giving_up_leads_back(agent: Agent, browser: Browser, reason: str) -> None:
    """Whoever gives up is told that nothing was done, and finds other ways."""
    answer = agent.send({"seq": 0, "cancelled": reason}).get_json()
    page = come_back(browser, answer["return_url"])

    assert answer["done"] is True
    assert at(page) == "chip"
    assert error_code(page) == "DD-CHIP-002"


def test_three_sessions_for_one_sign_in(app: Flask, browser: Browser) -> None:
    """The fourth is refused to the agent, and then the page offers none."""
    tokens = []
    for _ in range(4):
        tokens.append(start_token(browser))
        go_to_chip(browser)
    answers = [Agent(app).open(token) for token in tokens]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert int(answers[3].headers["Retry-After"]) > 0
    assert refusal(answers[3]) == (429, "too_many")
    assert error_code(go_to_chip(browser)) == "DD-AUTH-002"


def test_tries_are_counted_by_person(
    app: Flask, provider: Provider, citizen: Citizen
) -> None:
    """New sign-ins from new browsers give no new tries for the same number."""
    portal = Portal.register(provider, "shop")
    statuses = []
    for _ in range(11):
        browser = Browser(app.test_client())
        browser.visit(portal.url())
        go_to_chip(browser)
        token = start_token(browser, citizen.person.number)
        statuses.append(Agent(app).open(token).status_code)

    assert statuses == [201] * 10 + [429]


def test_tries_are_counted_by_card(app, provider, citizen, card) -> None:
    """One card, tried again and again, is refused whatever its chip says."""
    key = _key_digest(provider)
    for _ in range(provider.config.throttle.chips_per_account):
        provider.ephemeral.count(f"tries:chip:card:{key}", ttl=900)
    portal = Portal.register(provider, "shop")
    browser = Browser(app.test_client())
    browser.visit(portal.url())
    go_to_chip(browser)
    agent = Agent(app)
    agent.open(start_token(browser, citizen.person.number))

    page = come_back(browser, agent.read(chip_of(card)))

    assert error_code(page) == "DD-CHIP-001"


def test_challenges_differ(app, provider, browser, citizen, card) -> None:
    """The same card is never asked to sign the same bytes, and each can be redone."""
    bank = Portal(provider, "bank", "https://bank.example/back")
    for _ in range(2):
        agent = Agent(app)
        agent.open(start_token(browser))
        come_back(browser, agent.read(chip_of(card)))
        browser.visit(bank.url(prompt="login"))
        browser.submit(**citizen.entry)
        go_to_chip(browser)
    with provider.database.read() as connection:
        entries = provider.audit.recent(
            connection, citizen.id, 20, types=("ChipVerified",)
        )
    trails = [entry.personal for entry in entries if "session" in entry.personal]

    assert len({trail["challenge"] for trail in trails}) == 2
    for trail in trails:
        session = ReadingSession(
            id=trail["session"],
            errand=Errand(
                transaction="",
                browser="",
                account_id=None,
                subject="",
                access={},
                client_id="bank",
            ),
            agent=ReadingAgent(bytes.fromhex(trail["agent_key"]), True, 1),
            transaction_key=bytes.fromhex(trail["transaction_key"]),
            expires_at=0,
        )
        again = session.challenge(bytes.fromhex(trail["server_key"]))
        assert again.hex() == trail["challenge"]


def test_too_few_answers(agent: Agent, browser: Browser, card) -> None:
    """A batch with an answer missing ends the reading as any refused card does."""
    answer = agent.send({"seq": 0, "atr": chip_of(card).atr.hex()}).get_json()
    assert len(answer["apdus"]) > 1
    answer = agent.send({"seq": 1, "rapdus": ["9000"]}).get_json()

    assert error_code(come_back(browser, answer["return_url"])) == "DD-CHIP-001"


def test_small_batches(app, browser, card) -> None:
    """An agent that takes two commands at once gets two, and gets there."""
    agent = Agent(app)
    agent.open(start_token(browser), max_batch=2)
    page = come_back(browser, agent.read(chip_of(card)))

    assert at(page) == "consent"
    assert agent.apdus <= 2 * agent.trips


def test_nothing_is_kept_in_the_open(agent: Agent, provider, citizen, card) -> None:
    """The ephemeral store has no number, no key and no command to read."""
    agent.send({"seq": 0, "atr": chip_of(card).atr.hex()})
    path = provider.config.ephemeral.url.removeprefix("embedded:")
    with closing(connect(path)) as database:
        rows = database.execute("SELECT key, value FROM entries").fetchall()
    stored = " ".join(str(part) for row in rows for part in row)

    assert any(key.startswith("chip-turn:") for key, _ in rows)
    for secret in (citizen.person.number, citizen.person.number[-9:], agent.session):
        assert secret not in stored


def _later(monkeypatch, seconds: int) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=seconds))


def _key_digest(provider: Provider) -> str:
    with provider.database.read() as connection:
        return connection.execute(sa.select(ChipCard.key_digest)).scalar_one().hex()
