"""Guessing through the pages: what counts, for whom, and from where."""

import re

import pytest
from flask import Flask

from idp.app import create_app
from idp.provider import build_provider
from tests.driver import Browser, Portal, at, citizen, error_code
from tests.stores import configuration, fresh_database, fresh_ephemeral

WRONG = "this-is-not-the-password"


@pytest.fixture
def portal(provider) -> Portal:
    return Portal.register(provider, "tax")


def start(app: Flask, portal: Portal, peer: str = "203.0.113.9", **headers: str):
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = peer
    for name, value in headers.items():
        client.environ_base[f"HTTP_{name.upper()}"] = value
    browser = Browser(client)
    browser.visit(portal.url())
    return browser


def guess(browser: Browser, person: dict, times: int) -> None:
    for _ in range(times):
        browser.submit(personal_number=person["personal_number"], password=WRONG)


def give_password(browser: Browser, person: dict):
    return browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )


def wrong_code(browser: Browser, person: dict) -> str:
    right = browser.one_time_code(person) if person["totp_secret"] else ""
    return "000000" if right != "000000" else "111111"


def test_ten_passwords_whatever_the_spelling(app, provider, portal) -> None:
    """Grouping, a new transaction or no cookie make no new counter."""
    person = citizen(provider, state="active", factors=["pwd"])
    number = person["personal_number"]
    for turn in range(10):
        browser = start(app, portal)
        written = number if turn % 2 else " ".join(re.findall("...", number))
        browser.submit(personal_number=written, password=WRONG)

    assert error_code(give_password(start(app, portal), person)) == "DD-AUTH-002"
    assert at(give_password(start(app, portal, "203.0.113.10"), person)) == "consent"


@pytest.mark.parametrize("header", ["198.51.100.7", "127.0.0.1", "::1", "x,,;"])
def test_a_header_makes_no_new_source(app, provider, portal, header: str) -> None:
    """Nobody is trusted by default, so X-Forwarded-For is no way out."""
    person = citizen(provider, state="active", factors=["pwd"])
    guess(start(app, portal), person, 10)

    spoofed = start(app, portal, x_forwarded_for=header)

    assert error_code(give_password(spoofed, person)) == "DD-AUTH-002"


def test_ipv6_counts_by_64(app, provider, portal) -> None:
    """A subscriber's many addresses are one source."""
    person = citizen(provider, state="active", factors=["pwd"])
    for turn in range(10):
        guess(start(app, portal, f"2001:db8:1:2::{turn + 1:x}"), person, 1)

    near = start(app, portal, "2001:db8:1:2:ffff::9")
    far = start(app, portal, "2001:db8:1:3::9")

    assert error_code(give_password(near, person)) == "DD-AUTH-002"
    assert at(give_password(far, person)) == "consent"


def test_a_trusted_proxy_tells_the_source(services, tmp_path) -> None:
    """Behind our proxy each client counts alone, and cannot claim to be another."""
    ephemeral = fresh_ephemeral(services, backend="embedded", folder=tmp_path)
    with fresh_database(
        services, backend="embedded", template="loaded", folder=tmp_path
    ) as database:
        config = configuration(
            services,
            database=database,
            ephemeral=ephemeral,
            server={"trusted_proxies": ["10.0.0.0/8"]},
        )
        provider = build_provider(config)
        app = create_app(provider=provider)
        portal = Portal.register(provider, "tax")
        person = citizen(provider, state="active", factors=["pwd"])
        guesser = start(app, portal, "10.0.0.1", x_forwarded_for="198.51.100.7")
        guess(guesser, person, 10)

        spoofed = "203.0.113.5, 198.51.100.7"
        same = start(app, portal, "10.0.0.1", x_forwarded_for=spoofed)
        other = start(app, portal, "10.0.0.1", x_forwarded_for="198.51.100.8")
        direct = start(app, portal, "192.0.2.1", x_forwarded_for="198.51.100.8")

        assert error_code(give_password(same, person)) == "DD-AUTH-002"
        assert at(give_password(other, person)) == "consent"
        assert at(give_password(direct, person)) == "consent"
        provider.database.close()
        provider.ephemeral.close()


@pytest.mark.parametrize("kind", ["totp", "sms"])
def test_five_codes_whatever_is_begun_anew(app, provider, portal, kind: str) -> None:
    """New sign-ins, browsers, sources and messages leave the count as it is (F1)."""
    person = citizen(provider, state="active", factors=["pwd", kind])
    for turn in range(5):
        browser = start(app, portal, f"203.0.113.{turn + 1}")
        page = give_password(browser, person)
        if kind == "sms":
            press_resend(browser, page)
        guessed = browser.submit(page, otp=wrong_code(browser, person))
        assert error_code(guessed) == "DD-AUTH-003"

    last = start(app, portal, "198.51.100.1")
    give_password(last, person)
    code = last.one_time_code(person) if kind == "totp" else "123456"
    page = last.submit(otp=code)

    assert (page.status_code, error_code(page)) == (429, "DD-AUTH-002")
    assert int(page.headers["Retry-After"]) > 0
    assert at(last.visit("/account")) == "otp"


def test_strangers_cannot_lock_a_citizen_out_of_their_device(
    app, provider, portal
) -> None:
    """Passwords and codes that strangers waste leave the known device open (E2)."""
    person = citizen(provider, state="active", factors=["pwd", "totp"])
    own = start(app, portal, "192.0.2.77")
    own.sign_in(person)
    for turn in range(6):
        thief = start(app, portal, f"203.0.113.{turn + 1}")
        guess(thief, person, 10)
        knowing = start(app, portal, f"198.51.100.{turn + 1}")
        give_password(knowing, person)
        if at(knowing.page) == "otp":
            knowing.submit(otp=wrong_code(knowing, person))
    guess(start(app, portal, "192.0.2.77"), person, 10)  # the same café's network

    own.visit(portal.url(prompt="login"))
    page = give_password(own, person)
    assert at(page) == "otp"

    assert at(own.submit(otp=own.one_time_code(person))) == "consent"


def test_a_known_device_has_a_limit_too(app, provider, portal) -> None:
    """Who takes the device does not get to guess for ever."""
    person = citizen(provider, state="active", factors=["pwd"])
    own = start(app, portal)
    own.sign_in(person)
    own.visit(portal.url(prompt="login"))
    guess(own, person, provider.config.throttle.passwords_per_device)

    assert error_code(give_password(own, person)) == "DD-AUTH-002"


def press_resend(browser: Browser, page) -> None:
    """Ask for a new message, in time or not."""
    token = re.findall(r'/resend.*?csrf_token" value="([^"]+)', page.text, re.DOTALL)
    browser.visit(f"{page.request.path}/resend?way=sms", data={"csrf_token": token[0]})
