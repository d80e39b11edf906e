"""Codes are held back after a change of address or device; no factor at a counter."""

from datetime import timedelta

import pytest

from clients.reader.virtual.profiles import Profile
from idp import clock
from idp.factors import holds
from tests.driver import error_code
from tests.integration.chip.people import PASSWORD, enrol, issue, trust
from tests.integration.test_account_security import key_on, sign_in
from tests.integration.test_counter_mode import counter, press
from tests.integration.test_counter_mode import sign_in as sign_in_at
from tests.integration.way_back import Post, Returning, app_code, code_in, prepare
from tests.services import BACKENDS

__all__ = ["counter"]

NEW_EMAIL = "moi@dinhdanh.test"
on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@on_each_backend
def test_a_new_address_opens_no_way_back_today(app, provider, monkeypatch) -> None:
    """Whoever changed it cannot reset the password with it; a day later it counts."""
    citizen, post = prepare(provider), Post(provider)
    browser = sign_in(app, citizen)
    browser.visit("/account/contacts/email")
    browser.submit(address=NEW_EMAIL)
    browser.submit(otp=code_in(post.letters(NEW_EMAIL)[0]))
    assert browser.page.request.path == "/account/factors"
    letters = len(post.letters(NEW_EMAIL))
    held = timedelta(seconds=provider.config.lifetimes.held_factor)
    changed = clock.now()

    Returning.open(app, provider).forget(citizen.person.number)
    assert len(post.letters(NEW_EMAIL)) == letters

    monkeypatch.setattr(clock, "now", lambda: changed + held + timedelta(minutes=1))
    returning = Returning.open(app, provider)
    returning.forget(citizen.person.number)
    assert len(post.letters(NEW_EMAIL)) == letters + 1


@pytest.mark.parametrize("had", [("sms",), ("sms", "totp")])
def test_a_new_device_holds_codes_but_locks_nobody_out(app, provider, had) -> None:
    """Where codes were the only second way they stay; else another way is there."""
    citizen, post = prepare(provider, factors=had), Post(provider)
    browser = sign_in(app, citizen)
    if "totp" in had:
        browser.submit(otp=app_code())
    else:
        browser.submit()
        browser.submit(otp=code_in(post.messages()[0]))
    key = key_on(browser.visit("/account/ways/totp"))
    page = browser.submit(otp=key.at(clock.now()), label="new")
    assert page.request.path == "/account/factors"

    with provider.database.read() as connection:
        until = holds.held_until(connection, citizen.id, "sms", now=clock.now())
        entries = provider.audit.recent(connection, citizen.id, 9)
    assert (until is not None) == ("totp" in had)
    told = {entry.type for entry in entries}
    assert ("CredentialHeld" in told) == ("totp" in had)
    again = sign_in(app, citizen)
    if "totp" in had:
        page = again.submit(otp=key.at(clock.now(), counter_offset=1))
    else:
        again.submit()
        page = again.submit(otp=code_in(post.messages()[0]))
    assert page.request.path == "/account"


def test_a_removed_device_holds_codes_where_another_stays(app, provider) -> None:
    """The one that is removed no longer counts as another way."""
    citizen = prepare(provider, factors=("sms", "totp"))
    browser = sign_in(app, citizen, app_code())
    key = key_on(browser.visit("/account/ways/totp"))
    browser.submit(otp=key.at(clock.now()), label="new")
    with provider.database.transaction() as session:
        session.execute(
            holds.sa.update(holds.Credential)
            .where(holds.Credential.kind == "sms")
            .values(usable_from=None)
        )
    page = browser.visit("/account/factors")
    links = (line.split('"')[1] for line in page.text.split("href=")[1:])
    removals = [link for link in links if link.endswith("/remove")]
    browser.visit(removals[-1])  # the app that came last
    browser.submit()

    with provider.database.read() as connection:
        assert holds.held_until(connection, citizen.id, "sms", now=clock.now())


def test_no_factor_is_added_on_a_shared_computer(app, provider, counter) -> None:
    """Neither an app of the helper's phone, nor that phone on the way back."""
    citizen = prepare(provider)
    sign_in_at(counter, citizen)
    page = counter.visit("/account/ways/totp")
    assert (error_code(page), page.status_code) == ("DD-CTR-001", 403)
    assert "otpauth" not in page.text
    page = counter.client.post("/account/ways/totp", data={"otp": "123456"})
    assert error_code(page) == "DD-CTR-001"
    for kind in ("email", "phone"):
        assert (
            "của người đang giúp bạn" in counter.visit(f"/account/contacts/{kind}").text
        )

    trust(provider)
    card = issue(Profile(active="ecdsa"))
    enrol(provider, citizen, card)
    lost = Returning.open(app, provider)
    press(lost.browser, lost.browser.visit("/counter"), "/counter")
    lost.show_card(card, citizen.person.number)
    lost.prove("pwd", PASSWORD)
    for path in ("app", "phone"):
        page = lost.browser.visit(f"{lost.case}/{path}")
        assert (error_code(page), page.status_code) == ("DD-CTR-001", 403)
