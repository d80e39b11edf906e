"""Officers join by a one-time link and sign in by passkey alone."""

import pytest
from flask import Flask

from idp.provider import Provider
from tests.driver import Browser
from tests.services import BACKENDS
from tests.staff import sign_in_officer


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.mark.parametrize("backend", BACKENDS)
def test_officer_joins_and_signs_in(provider: Provider, browser: Browser) -> None:
    """The link enrols a passkey; the passkey alone opens the first page."""
    sign_in_officer(browser, provider, roles=["reviewer"], name="Lê Thị Thử")

    page = browser.visit("/staff")

    assert "Lê Thị Thử" in page.text
    assert "Commune One" in page.text
