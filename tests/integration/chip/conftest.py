"""A citizen with a card, on the chip page, and an agent with an open session."""

import pytest
from flask import Flask

from idp.provider import Provider
from tests.driver import Browser, Portal
from tests.integration.chip.agent import Agent, go_to_chip, start_token
from tests.integration.chip.people import (
    Citizen,
    create_citizen,
    enrol,
    issue,
    trust,
)


@pytest.fixture
def card(provider: Provider):
    """Return the card that the citizen has enrolled."""
    trust(provider)
    return issue()


@pytest.fixture
def citizen(provider: Provider, card) -> Citizen:
    citizen = create_citizen(provider)
    enrol(provider, citizen, card)
    return citizen


@pytest.fixture
def browser(app: Flask, provider: Provider, citizen: Citizen) -> Browser:
    """Return a browser that has proven the password and is on the chip page."""
    portal = Portal.register(
        provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2", client_name="Sen Bank"
    )
    browser = Browser(app.test_client())
    browser.visit(portal.url())
    browser.submit(**citizen.entry)
    go_to_chip(browser)
    return browser


@pytest.fixture
def agent(app: Flask, browser: Browser) -> Agent:
    """Return an agent with an open session."""
    agent = Agent(app)
    assert agent.open(start_token(browser)).status_code == 201
    return agent
