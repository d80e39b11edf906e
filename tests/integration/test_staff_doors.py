"""Officers' doors: from which networks, and where the passkey is asked once more."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.app import connect
from idp.audit import personal
from idp.audit.models import AuditEvent
from idp.provider import Provider
from idp.staff.officer import ROLES
from tests.driver import Browser, error_code
from tests.staff import sign_in_officer

NOBODY = "00000000-0000-4000-8000-000000000000"
# Posts without a fresh passkey: its proof itself, the way out, a look by number (it
# is noted), a dossier's taking, and what only draws a challenge.
WITHOUT_PROOF = {
    "staff_sign_in.submit",
    "staff_sign_in.options",
    "staff_sign_in.confirmed",
    "staff_sign_in.confirm_options",
    "staff_sign_in.sign_out",
    "staff_invitation.submit",
    "staff_invitation.options",
    "staff_passkeys.options",
    "staff_representations.find",
    "staff_accounts.find",
    "staff_audit.find",
    "staff_review.take",
    "staff_desk.begin",
}
DRAFT = "draft_id"  # a draft at the desk files nothing before its summary


def within(app: Flask, provider: Provider, *networks: str) -> Browser:
    """Return a browser at a provider whose officers work from these networks."""
    config = replace(
        provider.config,
        staff=replace(provider.config.staff, networks=networks),
        server=replace(provider.config.server, trusted_proxies=("127.0.0.1/32",)),
    )
    connect(app, replace(provider, config=config))
    return Browser(app.test_client())


def test_officers_pages_open_from_named_networks_alone(
    app: Flask, provider: Provider
) -> None:
    """By the address that the proxy tells, for every page, noted once a source."""
    office = {"X-Forwarded-For": "192.0.2.7"}
    elsewhere = {"X-Forwarded-For": "192.0.2.7, 198.51.100.9"}
    client = within(app, provider, "192.0.2.0/24", "2001:db8::/48").client

    for path in ("/staff/sign-in", "/staff", "/staff/people", "/staff/join/x"):
        page = client.get(path, headers=elsewhere)
        assert (page.status_code, error_code(page)) == (403, "DD-STAFF-007"), path
    assert client.get("/staff/sign-in", headers=office).status_code == 200
    inside = {"X-Forwarded-For": "2001:db8::7"}
    assert client.get("/staff/sign-in", headers=inside).status_code == 200
    assert client.get("/account", headers=elsewhere).status_code == 303

    query = sa.select(AuditEvent).where(AuditEvent.type == "StaffRefusedOutside")
    with provider.database.read() as connection:
        (refused,) = connection.execute(query).all()
    told = personal.unseal(provider.sealer, refused)
    assert told == {"source": "198.51.100.9"}


def test_a_session_from_inside_opens_nothing_outside(
    app: Flask, provider: Provider
) -> None:
    """Taken elsewhere the cookie shows nothing; in the office it still works."""
    browser = within(app, provider, "127.0.0.0/8")
    sign_in_officer(browser, provider, roles=["reviewer"])

    away = browser.client.get("/staff", headers={"X-Forwarded-For": "198.51.100.9"})

    assert error_code(away) == "DD-STAFF-007"
    assert browser.visit("/staff").status_code == 200


def test_whatever_changes_something_asks_for_the_passkey_again(
    app: Flask, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every post of every role but those named above, once the proof is stale."""
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=ROLES)
    moment = clock.now() + timedelta(seconds=provider.config.lifetimes.fresh_factor)
    monkeypatch.setattr(clock, "now", lambda: moment)
    adapter, asked = app.url_map.bind("localhost"), set()

    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or not rule.rule.startswith("/staff"):
            continue
        if DRAFT in rule.arguments or rule.endpoint in WITHOUT_PROOF:
            continue
        path = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, NOBODY))
        page = browser.client.post(path)
        told = page.headers.get("Location", "")
        assert told.startswith("/staff/confirm?"), (rule.endpoint, page.status)
        asked.add(rule.endpoint)

    assert {"staff_changes.decide", "staff_locks.act", "staff_hotline.permit"} & asked
