"""A running demo and a real Chromium, shared by every test of one process."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    sync_playwright,
)

from tests.e2e import driving
from tests.e2e.chromium import launch
from tests.e2e.running import RunningDemo, start_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """Run the provider and the three portals, as `make demo` starts them."""
    running = start_demo(tmp_path_factory.mktemp("demo") / "state")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def first_credentials(demo: RunningDemo) -> int:
    """Return how many ways to sign in the sandbox itself has."""
    with closing(sqlite3.connect(demo.database, timeout=30)) as connection:
        (last,) = connection.execute("SELECT max(rowid) FROM credentials").fetchone()
    return last


@pytest.fixture(autouse=True)
def nothing_given_yet(request: pytest.FixtureRequest) -> None:
    """Let each test begin without consents, added ways or used codes of others.

    They share one demo; a code that another used up would be waited for half a minute.
    """
    if "demo" not in request.fixturenames:
        return
    demo = request.getfixturevalue("demo")
    first = request.getfixturevalue("first_credentials")
    with closing(sqlite3.connect(demo.database, timeout=30)) as connection, connection:
        connection.execute(
            "UPDATE grants SET ended_at = granted_at, end_reason = 'test' "
            "WHERE ended_at IS NULL"
        )
        connection.execute("UPDATE credentials SET last_counter = NULL")
        connection.execute(
            "UPDATE credentials SET retired_at = created_at "
            "WHERE rowid > ? AND retired_at IS NULL",
            (first,),
        )
    driving.forget_used_codes()


@pytest.fixture(scope="session")
def tls_demo(
    demo: RunningDemo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningDemo]:
    """Run a demo over https, in a folder of an earlier demo that it empties first."""
    state = demo.copy(tmp_path_factory.mktemp("tls") / "state")
    running = start_demo(state, "--tls", "--reset", scheme="https")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def citizens(demo: RunningDemo) -> list[dict[str, Any]]:
    """Return everyone in the sandbox."""
    return demo.citizens()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Run the one driver that a process may have."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Run one headless Chromium."""
    chromium = launch(playwright)
    yield chromium
    chromium.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open browser profiles that know nothing of each other."""
    opened = []

    def open_context(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "vi-VN", **options})
        context.set_default_timeout(20_000)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """Open a page in a fresh profile."""
    return new_context().new_page()
