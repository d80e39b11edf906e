"""Every altered card, through HTTP: one answer to the outside, the reason logged."""

from dataclasses import replace

import pytest
from flask import Flask

from idp.config import Config
from idp.provider import Provider
from tests.cards.altered import ALTERED, Altered
from tests.driver import Browser, Portal, at, error_code
from tests.integration.chip.agent import bare, go_to_chip, show_card
from tests.integration.chip.people import (
    chip_of,
    create_citizen,
    enrol,
    issue,
    trust,
)

_SHARES = 4  # so that each test stays short


@pytest.fixture
def config(config: Config) -> Config:
    """Let one sign-in try as many cards as there are."""
    many = {"chips_per_account": 1000, "chips_per_transaction": 1000}
    return replace(config, throttle=replace(config.throttle, **many))


@pytest.fixture
def waiting(app: Flask, provider: Provider) -> Browser:
    """Return a browser on the chip page of a citizen whose true card is enrolled."""
    trust(provider)
    citizen = create_citizen(provider)
    enrol(provider, citizen, issue())
    portal = Portal.register(provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2")
    browser = Browser(app.test_client())
    browser.visit(portal.url())
    browser.submit(**citizen.entry)
    go_to_chip(browser)
    return browser


@pytest.mark.parametrize("share", range(_SHARES))
def test_altered_cards_are_refused(provider, waiting, share: int) -> None:
    """Whatever was done to a card: the same page, and its reason kept for the log."""
    transaction = waiting.page.request.path.rpartition("/")[2]
    show_card(waiting, chip_of(issue()))
    usual, found, expected = bare(waiting.page), {}, {}
    for name in list(ALTERED)[share::_SHARES]:
        altered = ALTERED[name]()
        trust(provider, *altered.trusted)
        expected[name] = _reason(altered)

        page = show_card(waiting, altered.chip)

        assert (at(page), error_code(page)) == ("chip", "DD-CHIP-001"), name
        assert bare(page) == usual, name
        kept = provider.ephemeral.get(f"chip-reason:{transaction}")
        found[name] = kept["reason"]

    assert found == expected


def _reason(altered: Altered) -> str:
    if altered.access.expiry_date != issue().access.expiry_date:
        return "access_denied"  # it says another day than the card that is enrolled
    # A sign-in does not read the portrait; then the card is merely a new one.
    return "new_card" if altered.reads_portrait else altered.reason
