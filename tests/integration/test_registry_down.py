"""What citizens and portals see of a registry far away: up, down, and back again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from prometheus_client import REGISTRY

from idp import clock
from idp.app import create_app
from idp.config import RegistryConfig
from idp.figures import retention
from idp.provider import Provider
from idp.registry.answers import LastAnswers
from idp.registry.divisions import packaged
from idp.registry.resilience import Policy, ResilientRegistry
from idp.registry.soap import SoapRegistry
from tests.driver import Browser, Portal, answer, at, citizen
from tests.exchange import Exchange, running_exchange

SCOPE = "openid profile residence"
NO_ANSWER = "The population registry gives no answer just now."
TOLD_LAST = "this is what it told last."
LATER = "the portal gets it once the registry answers."


@pytest.fixture
def exchange(provider: Provider) -> Iterator[Exchange]:
    """Run an exchange over the sandbox's registry."""
    known: Any = provider.registry
    with running_exchange(
        lambda number: known.find(number, now=clock.now()), style="deployed"
    ) as server:
        yield server


@pytest.fixture
def app(provider: Provider, exchange: Exchange) -> Flask:
    """Return the application of a provider that asks the exchange."""
    config = RegistryConfig(source="soap", url=exchange.url, attempts=1)
    registry = ResilientRegistry(
        SoapRegistry(config, packaged),
        replace(Policy.of(config), failures=1000),
        LastAnswers(provider.database, provider.sealer),
    )
    return create_app(provider=replace(provider, registry=registry))


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Return a browser that reads English."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return Browser(client)


def cut(exchange: Exchange) -> None:
    """Let the exchange fail from now on."""
    exchange.reply = lambda operation: (503, "text/html", b"busy")


def asked(provider: Provider, browser: Browser) -> Portal:
    """Sign a level 2 citizen in for a portal, up to the question."""
    portal = Portal.register(provider, "clinic")
    person = citizen(provider, personal_number="999085000003")
    browser.visit(portal.url(scope=SCOPE))
    assert at(browser.sign_in(person)) == "consent"
    return portal


def told(portal: Portal, browser: Browser) -> dict[str, Any]:
    """Allow, and return a function of what userinfo tells."""
    page = browser.submit(decision="allow")
    tokens = portal.redeem(browser.client, answer(page)["code"])
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def userinfo(browser: Browser, bearer: dict[str, Any]) -> dict[str, Any]:
    """Return what the portal gets."""
    values: dict[str, Any] = browser.client.get("/userinfo", headers=bearer).get_json()
    return values


def questions() -> dict[str, float]:
    """Return how many questions the metrics tell of, by what came of them."""
    name = "dinhdanh_registry_questions_total"
    return {
        outcome: REGISTRY.get_sample_value(name, {"outcome": outcome}) or 0
        for outcome in ("answered", "down", "resting")
    }


def test_an_exchange_tells_the_residence(
    provider: Provider, browser: Browser, exchange: Exchange
) -> None:
    """The very address on the page and in userinfo; asked under the citizens' code."""
    portal = asked(provider, browser)
    assert browser.page is not None
    assert "Số 45, đường Hoa Phượng" in browser.page.text
    assert NO_ANSWER not in browser.page.text

    values = userinfo(browser, told(portal, browser))

    permanent = values["residence"]["permanent"]
    assert permanent["street_address"] == "Số 45, đường Hoa Phượng"
    assert permanent["commune"] == "Phường Hải Châu"
    assert values["name"] == "Trần Văn Bình"
    assert {one["MaCanBo"] for one in exchange.asked} == {"dinhdanh"}


def test_while_it_is_down_claims_are_withheld_and_said_to_be(
    provider: Provider, browser: Browser, exchange: Exchange
) -> None:
    """Signing in goes on; what was allowed is given once the registry is back."""
    before = questions()
    cut(exchange)
    portal = asked(provider, browser)
    assert browser.page is not None
    assert NO_ANSWER in browser.page.text
    assert LATER in " ".join(browser.page.text.split())

    bearer = told(portal, browser)
    assert "residence" not in userinfo(browser, bearer)
    down = questions()
    exchange.reply = None

    assert "permanent" in userinfo(browser, bearer)["residence"]
    assert down["answered"] == before["answered"]
    assert down["down"] > before["down"]
    assert questions() == down | {"answered": down["answered"] + 1}


def test_the_last_answer_is_told_with_its_day(
    provider: Provider, browser: Browser, exchange: Exchange
) -> None:
    """Dated as it was told, and the citizen reads that it is not of today."""
    portal = asked(provider, browser)
    bearer = told(portal, browser)
    before = userinfo(browser, bearer)["residence"]
    cut(exchange)

    assert userinfo(browser, bearer)["residence"] == before
    page = browser.visit("/account/data")

    assert "Số 45, đường Hoa Phượng" in page.text
    assert TOLD_LAST in page.text


def test_the_own_page_says_what_is_missing(
    provider: Provider, browser: Browser, exchange: Exchange
) -> None:
    """Not "nothing is held": it is, and cannot be read now."""
    cut(exchange)
    browser.visit("/account/data")
    browser.sign_in(citizen(provider, personal_number="999085000003"))

    page = browser.visit("/account/data")

    assert page.text.count(NO_ANSWER) >= 3
    assert "Trần Văn Bình" in page.text


def test_answers_too_old_to_be_told_are_deleted(
    provider: Provider, browser: Browser, exchange: Exchange
) -> None:
    """By the daily purge, with its event."""
    asked(provider, browser)
    term = timedelta(seconds=provider.config.registry.stale_max_age)
    now = clock.now()

    young = retention.purge(provider, now=now + term / 2, dry_run=False)
    old = retention.purge(provider, now=now + 2 * term, dry_run=False)

    rows = [
        {item.table: item.rows for item in done}["registry_answers"]
        for done in (young, old)
    ]
    assert rows == [0, 1]
