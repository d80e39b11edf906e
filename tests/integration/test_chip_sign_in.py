"""A chip card through HTTP: a small agent, virtual cards, a browser without scripts."""

import pytest
from flask import Flask

from clients.reader.virtual.profiles import DEMO
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration import chip_people
from tests.integration.chip_agent import (
    Agent,
    come_back,
    go_to_chip,
    show_card,
    start_token,
    unknown_number,
)
from tests.integration.chip_people import chip_of, create_citizen, enrol, issue, trust
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def bank(provider: Provider) -> Portal:
    """Return a portal that asks for level 2."""
    trust(provider)
    return Portal.register(
        provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2", client_name="Bank"
    )


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.mark.parametrize(
    "profile", DEMO, ids=["bac-rsa", "pace-ec", "pace-rsa", "bac-ec"]
)
@on_each_backend
def test_card_after_a_password(provider, bank, browser, profile) -> None:
    """Password and card reach level 2, and the tokens say so."""
    card = issue(profile)
    citizen = create_citizen(provider)
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
