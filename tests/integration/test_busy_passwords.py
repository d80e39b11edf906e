"""Logins queue for argon2 within bounds; nobody else waits for them."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from flask import Flask

from idp.factors.password import PasswordPool
from idp.provider import Provider, build_provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code
from tests.stores import configuration, fresh_database, fresh_ephemeral

PATIENCE = 2.0


class SlowHasher:
    """argon2 that takes until the test lets it go."""

    def __init__(self, pool: PasswordPool) -> None:
        self._hasher = pool._hasher
        self.is_hashing, self.may_end = Event(), Event()

    def verify(self, *arguments: Any) -> bool:
        self.is_hashing.set()
        assert self.may_end.wait(30)
        return self._hasher.verify(*arguments)

    def check_needs_rehash(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)


@pytest.fixture
def provider(services, tmp_path):
    """Return a provider with the default bounds: one hash, four waiting."""
    ephemeral = fresh_ephemeral(services, backend="embedded", folder=tmp_path)
    with fresh_database(
        services, backend="embedded", template="loaded", folder=tmp_path
    ) as database:
        bounds = {"concurrent": 1, "waiting": 4}
        config = configuration(
            services, database=database, ephemeral=ephemeral, password=bounds
        )
        built = build_provider(config)
        yield built
        built.database.close()
        built.ephemeral.close()


def test_tokens_go_on_while_logins_queue(
    app: Flask, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sixth login is told to come back; a token request takes its usual time."""
    portal = Portal.register(provider, "tax")
    person = citizen(provider, state="active", factors=["pwd"])
    browser = Browser(app.test_client())
    browser.visit(portal.url())
    browser.sign_in(person)
    page, verifier = browser.submit(decision="allow"), portal.verifier
    queue = [Browser(app.test_client()) for _ in range(6)]
    for waiting in queue:
        waiting.visit(portal.url())
    slow = SlowHasher(provider.passwords)
    monkeypatch.setattr(provider.passwords, "_hasher", slow)
    with ThreadPoolExecutor(5) as pool:
        logins = [pool.submit(waiting.sign_in, person) for waiting in queue[:5]]
        assert slow.is_hashing.wait(10)
        time.sleep(0.5)  # for the other four to stand in line
        refused = queue[5].sign_in(person)
        began, portal.verifier = time.perf_counter(), verifier
        try:
            tokens = portal.redeem(browser.client, answer(page)["code"])
        finally:
            took = time.perf_counter() - began
            slow.may_end.set()
        pages = [login.result() for login in logins]

    assert (refused.status_code, error_code(refused)) == (503, "DD-AUTH-503")
    assert int(refused.headers["Retry-After"]) > 0
    assert tokens["access_token"]
    assert took < PATIENCE
    assert {at(done) for done in pages} == {"portal"}
    assert at(queue[5].sign_in(person)) == "portal", (
        "what was refused counts for nothing"
    )
