"""Officers' lists page by address, and filter by it."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.approvals.models import BrokenGlass
from idp.custody.models import KeyIncident
from idp.factors import chip_trust
from idp.locks.models import AuthorityRequest
from idp.provider import Provider
from idp.rights import corrections
from idp.staff import requests
from idp.web.staff import paging
from keys.ring import RINGS
from tests.driver import Browser, Portal
from tests.integration.test_authority_requests import enter, send
from tests.integration.test_chip_command import state
from tests.integration.test_staff_accounts import find, signed_in
from tests.integration.way_back import prepare
from tests.staff import invite_officer, sign_in_officer

ROLES = ("administrator", "security", "lock_officer", "reviewer")


@pytest.fixture
def browser(app: Flask, provider: Provider) -> Browser:
    found = Browser(app.test_client())
    sign_in_officer(found, provider, roles=ROLES)
    return found


def found(browser: Browser, pattern: str, *addresses: str) -> list[list[str]]:
    """Return what each page has of this pattern."""
    return [re.findall(pattern, browser.visit(one).text) for one in addresses]


def test_officers_and_their_requests_page(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many of each on a page; roles and states narrow the officers."""
    monkeypatch.setattr(paging, "PAGE", 2)
    now = clock.now()
    for number in range(3):
        staff_id, _ = invite_officer(provider, "hotline", name=f"Person {number:02}")
        with provider.database.transaction() as session:
            requests.ask(
                session, provider.audit, provider.sealer, provider.config.staff,
                None, "roles", staff_id, ["auditor"], now=now,
            )  # fmt: skip
    page = "/staff/people"
    pages = (page, f"{page}?page=2", f"{page}?role=security")
    people = found(browser, r"<a href=\"/staff/people/[0-9a-f-]{36}\"", *pages)
    waiting = found(browser, r'action="/staff/people/requests/', *pages)

    assert [len(one) for one in people] == [2, 2, 1]
    assert [len(one) for one in waiting] == [2, 1, 2]
    assert f"{page}?page=2&amp;role=security" in browser.visit(pages[2]).text
    assert found(browser, r"Person \d\d</a>", f"{page}?state=active") == [[]]


def test_units_page_and_narrow_the_officers(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units page with the officers; one unit's officers have an address."""
    monkeypatch.setattr(paging, "PAGE", 2)
    for number in range(2):
        staff_id, _ = invite_officer(
            provider, "hotline", name=f"Person {number:02}", unit=f"Ward {number:02}"
        )
    page = "/staff/people"
    unit_id = found(browser, r'value="([0-9a-f-]{36})">Ward 01', page)[0][0]

    units = found(browser, r"<li>(?:Ward|Commune) \w+", page, f"{page}?page=2")
    assert [len(one) for one in units] == [2, 1]
    narrowed = f"{page}?unit={unit_id}"
    assert found(browser, r"Person \d\d</a>", narrowed) == [["Person 01</a>"]]
    assert found(browser, rf"people/{staff_id}\"", narrowed) != [[]]


def test_portals_page_and_filter(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By words and by state, and both stay on the next page."""
    monkeypatch.setattr(paging, "PAGE", 2)
    for number in range(3):
        Portal.register(provider, f"tax{number}")
    Portal.register(provider, "library")
    page = "/staff/portals"
    addresses = (f"{page}?q=TAX&state=live", f"{page}?q=TAX&state=live&page=2")
    names = found(browser, r">(tax\d|library)</a>", *addresses, f"{page}?state=ending")

    assert names == [["tax0", "tax1"], ["tax2"], []]
    after = f"{page}?page=2&amp;q=TAX&amp;state=live"
    assert after in browser.visit(addresses[0]).text


def test_sign_ins_and_permissions_page_and_filter(
    app: Flask, provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one account: so many of each on a page, or the one kind alone."""
    monkeypatch.setattr(paging, "PAGE", 1)
    citizen, portal = prepare(provider), Portal.register(provider, "tax")
    for _ in range(2):
        signed_in(app, citizen, portal)
    case = find(browser, citizen.person.number).request.path
    page = f"{case}/sessions"
    addresses = (page, f"{page}?page=2", f"{page}?only=grants", f"{page}?only=sessions")
    kinds = found(browser, r'value="(session|grant):', *addresses)

    assert kinds == [["session", "grant"], ["session"], ["grant"], ["session"]]
    assert f"{page}?page=2&amp;only=sessions" in browser.visit(addresses[3]).text


def test_trust_pages(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many certificates on a page, and the country stays on the next."""
    monkeypatch.setattr(paging, "PAGE", 1)
    now = clock.now()
    for _ in range(2):
        with provider.database.transaction() as session:
            loaded = chip_trust.read_file(session.connection(), state().der, now=now)
            chip_trust.keep(session, provider.audit, loaded, source="test", now=now)
    page = "/staff/trust"
    addresses = (
        f"{page}?country=VN",
        f"{page}?country=VN&page=2",
        f"{page}?country=XX",
    )
    items = found(browser, r'action="/staff/trust/[0-9a-f]{64}"', *addresses)

    assert [len(one) for one in items] == [1, 1, 0]
    assert f"{page}?page=2&amp;country=VN" in browser.visit(addresses[0]).text


def test_alarms_page(provider: Provider, browser: Browser) -> None:
    """What nobody has acknowledged is never cut off."""
    with provider.database.transaction() as session:
        for number in range(21):
            session.add(
                BrokenGlass(
                    id=uuid4(), act=f"act-{number}", subject="x", reason="x",
                    at=clock.now(),
                )
            )  # fmt: skip
    page = "/staff/alarms"
    acts = found(browser, r"act-\d+", page, f"{page}?page=2")

    assert [len(set(one)) for one in acts] == [20, 1]
    assert f"{page}?page=2" in browser.visit(page).text


def test_killed_keys_page(provider: Provider, browser: Browser) -> None:
    """Five on the board, and a link to those before."""
    now = clock.now()
    with provider.database.transaction() as session:
        for number in range(7):
            session.add(
                KeyIncident(
                    kid=f"killed{number}", ring=RINGS[0].name, reason="x",
                    by="x", signed_from=now, jwks_max_age=300, grants="rekey",
                    killed_at=now - timedelta(days=number), sessions="stay",
                )
            )  # fmt: skip
    page = "/staff/keys"
    links = found(browser, r"/staff/keys/incidents/[^\"]*", page, f"{page}?page=2")

    assert [len(one) for one in links] == [5, 2]
    assert f"{page}?page=2" in browser.visit(page).text


def test_a_rings_past_keys_page(provider: Provider, browser: Browser) -> None:
    """Every key that ever signed can be looked at."""
    ring, now, day = RINGS[0], clock.now(), timedelta(days=1)
    with provider.rotator.store.locked() as transaction:
        for number in range(1, 22):
            key = provider.rotator.opener.generate(ring, now=now)
            at = now - 100 * number * day
            past = {
                "published_at": at, "activates_at": at, "retired_at": at + day,
                "destroyed_at": at + 2 * day, "private_sealed": None,
            }  # fmt: skip
            transaction.add(replace(key, **past))
    page = f"/staff/keys/rings/{ring.name.replace('.', '-')}"
    for address, count in ((page, 20), (f"{page}?page=2", 1)):
        past = browser.visit(address).text.partition('id="past"')[2]
        rows = past.partition("</table>")[0].count('<th scope="row"')
        assert rows == count


def test_letters_and_wishes_filter(provider: Provider, browser: Browser) -> None:
    """Letters by what is to be done; wishes that are late."""
    citizen = prepare(provider)
    enter(browser, citizen.person.number, document="Letter 1")
    send(browser, decision="forward")
    enter(browser, citizen.person.number, document="Letter 2")
    states = ("", "received", "forwarded", "odd")
    addresses = [f"/staff/locks?state={one}" for one in states]
    assert found(browser, r"Letter \d", *addresses) == [
        ["Letter 2", "Letter 1"], ["Letter 2"], ["Letter 1"], ["Letter 2", "Letter 1"],
    ]  # fmt: skip
    for text, term in (("Wish 1", 0), ("Wish 2", 3600)):
        with provider.database.transaction() as session:
            corrections.ask(
                session, provider.audit, provider.sealer, citizen.id, text,
                term=term, now=clock.now(),
            )  # fmt: skip
    page = "/staff/corrections"
    assert found(browser, r"Wish \d", page, f"{page}?due=over") == [
        ["Wish 1", "Wish 2"], ["Wish 1"],
    ]  # fmt: skip


def test_what_is_over_is_filtered_by_its_source(
    provider: Provider, browser: Browser
) -> None:
    """Officers' accounts and letters that were decided, each under its own name."""
    citizen = prepare(provider)
    enter(browser, citizen.person.number, document="Letter 1")
    staff_id, _ = invite_officer(provider, "hotline", name="Person One")
    now = clock.now()
    with provider.database.transaction() as session:
        session.execute(sa.update(AuthorityRequest).values(state="refused"))
        for at in (now, now - timedelta(days=9)):
            requests.ask(
                session, provider.audit, provider.sealer, provider.config.staff,
                None, "roles", staff_id, ["auditor"], now=at,
            )  # fmt: skip
    page = "/staff/approvals?state=over"
    sources = ("", "officers", "letters", "proposals")
    addresses = [f"{page}&what={one}" for one in sources]

    assert found(browser, r"Letter 1|Person One", *addresses) == [
        ["Letter 1", "Person One"], ["Person One"], ["Letter 1"], [],
    ]  # fmt: skip
