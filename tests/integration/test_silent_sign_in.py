"""A live session with remembered consent: nothing is asked, next to nothing is done."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from idp.app import create_app
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen
from tests.services import BACKENDS
from tests.statements import noted_statements

pytestmark = pytest.mark.parametrize("backend", BACKENDS)


class Noting:
    """The real ephemeral store, noting the keys that are put."""

    def __init__(self, store: Any) -> None:
        self.put_keys: list[str] = []
        self._store = store

    def put(self, key: str, value: Mapping[str, Any], **options: Any) -> None:
        self.put_keys.append(key.partition(":")[0])
        self._store.put(key, value, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture
def store(provider: Provider) -> Noting:
    return Noting(provider.ephemeral)


@pytest.fixture
def browser(provider: Provider, store: Noting) -> Browser:
    """Return a browser at the application whose store notes."""
    app = create_app(provider=replace(provider, ephemeral=store))
    return Browser(app.test_client())


def test_budget(provider: Provider, store: Noting, browser: Browser) -> None:
    """Two look-ups, no commit, no transaction stored: only the code is."""
    portal = Portal.register(provider, "tax")
    browser.visit(portal.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    browser.submit(decision="allow")
    portal.round(browser)
    store.put_keys.clear()
    url = portal.url()

    with noted_statements() as statements:
        page = browser.visit(url)

    assert "code" in answer(page)
    assert len(statements) == 2, statements
    assert store.put_keys == ["code"]


def test_second_portal(provider: Provider, browser: Browser) -> None:
    """A second portal asks for its consent only, and a third time for nothing."""
    tax, bank = Portal.register(provider, "tax"), Portal.register(provider, "bank")
    browser.visit(tax.url())
    browser.sign_in(citizen(provider, factors=["pwd", "totp"]))
    browser.submit(decision="allow")

    assert at(browser.visit(bank.url(acr_values="LoA2"))) == "consent"
    first = bank.redeem(
        browser.client, answer(browser.submit(decision="allow"))["code"]
    )["claims"]
    second = bank.round(browser, acr_values="LoA2", prompt="none")["claims"]

    assert first["acr"] == second["acr"] == "LoA2"
    assert first["sid"] == second["sid"]
    assert first["auth_time"] == second["auth_time"]


def test_message_code(provider: Provider, browser: Browser) -> None:
    """A citizen whose code comes by message is asked for it once a session."""
    portal = Portal.register(provider, "tax")
    person = citizen(provider, account_level=2, factors=["pwd", "sms"])
    browser.visit(portal.url())
    page = browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    assert at(page) == "otp"
    messages = browser.client.get(
        "/sandbox/outbox.json", query_string={"phone": person["phone"]}
    ).get_json()
    text = messages[0]["text"]
    code = next(
        word.strip(".,:") for word in text.split() if word.strip(".,:").isdigit()
    )

    assert at(browser.submit(otp=code)) == "consent"
    page = browser.submit(decision="allow")
    claims = portal.redeem(browser.client, answer(page)["code"])["claims"]
    assert claims["amr"] == ["pwd", "sms", "mfa"]
    assert portal.round(browser, prompt="none")["claims"]["amr"] == claims["amr"]
