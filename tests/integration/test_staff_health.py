"""The page of health: everything at a glance, and what is wrong stands out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from idp.app import connect
from idp.provider import Provider
from idp.registry.resilience import Breaker
from tests.driver import Browser, error_code
from tests.integration.test_staff_accounts import officer
from tests.services import BACKENDS


def health(browser: Browser) -> str:
    return browser.visit("/staff/health?lang=en").text


@pytest.mark.parametrize("backend", BACKENDS)
def test_everything_is_told_at_a_glance(
    app: Flask, provider: Provider, backend: str
) -> None:
    """Stores, schema, keys, outboxes, registry and partners; a partner away is told."""
    browser = officer(app, provider, "leader")
    page = health(browser)
    assert "Everything that was looked at is in order." in page
    for told in ("Security events", "Schema", "embedded", "sandbox", "answered in"):
        assert told in page, told
    assert "ID tokens and signed userinfo · ES256: " in page
    assert "signs since" in page
    assert "id_token.ES256" not in page

    sms = replace(provider.config.sms, gateway="http", url="http://127.0.0.1:1/sms")
    connect(app, replace(provider, config=replace(provider.config, sms=sms)))
    page = health(browser)

    assert "Not in order: 1." in page


def test_health_is_of_those_who_look_after_it(app: Flask, provider: Provider) -> None:
    """An officer of the desk or the hotline has no such page."""
    browser = officer(app, provider, "hotline", "enrolment_officer", "reviewer")
    assert error_code(browser.visit("/staff/health")) == "DD-STAFF-003"


def test_asking_whether_it_rests_takes_no_turn() -> None:
    """After the rest one question goes through, however often somebody looked."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    breaker = Breaker(1, timedelta(seconds=30))
    breaker.note(failed=True, now=now)
    after = now + timedelta(seconds=31)

    assert breaker.rests(now)
    assert not breaker.rests(after)
    assert breaker.allows(after)
    assert not breaker.allows(after)
