"""Officers find one account with a reason, end its sign-ins, and hide nothing of it."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from idp import clock
from idp.accounts import lifecycle, representation
from idp.app import connect
from idp.enrolment import dossiers
from idp.factors.throttle import Throttle
from idp.locks import placing
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.chip.people import Citizen, create_citizen
from tests.integration.test_authority_requests import LETTER, send
from tests.integration.way_back import Post, prepare
from tests.services import BACKENDS
from tests.staff import any_number, sign_in_officer
from tests.unit.enrolment.conftest import a_dossier

PAGE = "/staff/accounts"
WHY = {"purpose": "security", "reason": "Chủ tài khoản báo mất máy"}


@pytest.fixture
def citizen(provider: Provider) -> Citizen:
    """Return a citizen of Hà Nội (01), signed in nowhere."""
    found = prepare(provider, level=1)
    with provider.database.transaction() as session:
        dossier = a_dossier(
            kind="level2_upgrade", account_id=found.id, province_code="01"
        )
        dossiers.file(provider, session, dossier, now=clock.now())
    return found


def officer(app: Flask, provider: Provider, *roles: str, **more) -> Browser:
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=roles, **more)
    return browser


def find(browser: Browser, number: str, **typed: str):
    browser.visit(PAGE)
    return send(browser, number=number, **(WHY | typed))


def end(browser: Browser, what: str, reason: str = "Máy bị mất"):
    return send(browser, what=what, reason=reason)


def signed_in(app: Flask, citizen: Citizen, portal: Portal) -> Browser:
    """Return the citizen's browser, signed in at a portal that may see data."""
    browser = Browser(app.test_client())
    browser.visit(portal.url())
    browser.submit(**citizen.entry)
    while at(browser.page) != "portal":
        browser.submit(decision="allow")
    assert "code" in answer(browser.page)
    return browser


def without_marks(text: str) -> str:
    """Return a page without what was typed, its error id, its time and its token."""
    marks = r'class="code">[^<]*|class="number">[^<]*|(value|data-request-id)="[^"]*"'
    return re.sub(marks, "", text)


def history(app: Flask, citizen: Citizen) -> str:
    browser = Browser(app.test_client())
    browser.visit("/account/history?lang=vi")
    browser.submit(**citizen.entry)
    return browser.visit("/account/history?lang=vi").text


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_security_officer_ends_places_and_permissions(
    app: Flask, provider: Provider, citizen: Citizen, backend: str
) -> None:
    """Found with a reason, ended with another; the holder reads both and gets letters.

    The place is signed out and the permission gone at once; others open nothing
    by the address.
    """
    portal = Portal.register(provider, "tax")
    holder = signed_in(app, citizen, portal)
    security = officer(app, provider, "security", unit="Công an phường Một")

    page = find(security, citizen.person.number)
    address = page.request.path
    assert citizen.person.number not in re.sub(r"\s", "", page.text)
    assert citizen.person.family_name not in page.text
    assert str(citizen.id) not in page.text + address
    page = security.visit(f"{address}/sessions")
    place = re.findall(r'value="(session:[^"]*)"', page.text)[0]
    permission = re.findall(r'value="(grant:[^"]*)"', page.text)[0]
    assert "openid" in page.text

    stranger = officer(app, provider, "security", "lock_officer", name="Officer Two")
    for path in (address, f"{address}/sessions"):
        assert error_code(stranger.visit(path)) == "DD-STAFF-010"
    assert error_code(end(security, place, reason=" ")) == "DD-AUTH-006"
    page = end(security, place)
    assert place not in page.text
    assert at(holder.visit("/account")) == "login"
    end(security, permission)
    assert 'value="grant:' not in security.visit(f"{address}/sessions").text
    gone = security.visit(f"{address}/sessions")
    token = gone.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert 'name="what"' not in gone.text, token

    letters = Post(provider).letters()
    assert "kết thúc một quyền" in letters[0]
    assert "đăng xuất tài khoản" in letters[1]
    told = history(app, citizen)
    assert "Công an phường Một đã xem dữ liệu của bạn" in told
    assert WHY["reason"] in told
    assert "Công an phường Một đã đăng xuất một nơi của bạn" in told
    assert "Máy bị mất" in told


def test_every_place_ends_at_once(
    app: Flask, provider: Provider, citizen: Citizen
) -> None:
    """One choice for all of them; what is of another account is not found."""
    portal = Portal.register(provider, "tax")
    holders = [signed_in(app, citizen, portal) for _ in range(2)]
    security = officer(app, provider, "security")
    address = find(security, citizen.person.number).request.path
    security.visit(f"{address}/sessions")

    for what in ("session", "grant"):
        strange = end(security, f"{what}:00000000-0000-4000-8000-000000000000")
        assert strange.status_code == 404
        security.visit(f"{address}/sessions")
    end(security, "sessions")

    assert [at(holder.visit("/account")) for holder in holders] == ["login"] * 2


def test_a_look_says_nothing_of_whom_it_may_not_see(
    app: Flask, provider: Provider, citizen: Citizen
) -> None:
    """An unknown number, a receipt of nobody, another province: one and the same page.

    Each is noted, nobody sees their own, no role but three has the page, a case is over
    after its time, and a day has an end of look-ups.
    """
    far = officer(app, provider, "security", province="22")
    number = citizen.person.number
    pages = [find(far, text) for text in (number, any_number(), "2345-6789-ABCD", "x")]
    assert {error_code(page) for page in pages} == {"DD-STAFF-009"}
    assert len({without_marks(page.text) for page in pages}) == 1
    assert WHY["reason"] in history(app, citizen)

    own = officer(app, provider, "security", number=number)
    assert error_code(find(own, number)) == "DD-STAFF-006"
    other = officer(app, provider, "auditor", "reviewer", "administrator")
    assert error_code(other.visit(PAGE)) == "DD-STAFF-003"
    for missing in ({"reason": ""}, {"purpose": "curiosity"}):
        assert error_code(find(far, number, **missing)) == "DD-AUTH-006"

    near = officer(app, provider, "security", province="01", unit="Near")
    address = find(near, number).request.path
    assert near.visit(address).status_code == 200
    limits = replace(provider.config.throttle, look_ups_per_officer_a_day=1)
    limited = Throttle(provider.ephemeral, limits)
    connect(app, replace(provider, throttle=limited))
    assert error_code(find(near, number)) == "DD-STAFF-011"
    provider.ephemeral.drop(f"staff-case:{address.rpartition('/')[2]}")
    assert error_code(near.visit(address)) == "DD-STAFF-010"


def test_each_role_sees_its_part(
    app: Flask, provider: Provider, citizen: Citizen
) -> None:
    """The hotline reads no lock, place or portal; nobody acts beyond their role."""
    with provider.database.transaction() as session:
        placing.lock(
            provider, session, citizen.id,
            ground="terms_breach", asker="agency", now=clock.now(),
        )  # fmt: skip
    hotline = officer(app, provider, "hotline")
    page = find(hotline, citizen.person.number)
    address = page.request.path
    assert "điều khoản" not in page.text
    assert "khóa:" not in page.text.lower()
    assert error_code(hotline.visit(f"{address}/sessions")) == "DD-STAFF-003"
    for path in (f"{address}/sessions", f"{address}/letters"):
        assert error_code(hotline.visit(path, data={})) == "DD-STAFF-003"

    locks = officer(app, provider, "lock_officer", name="Officer Two")
    page = find(locks, citizen.person.number)
    assert "Bị khóa:" in page.text
    assert "/sessions" not in page.text
    forged = send(locks, wish="lock:holder_request", **LETTER)
    assert error_code(forged) == "DD-AUTH-006"
    page = send(locks, wish="unlock:terms_breach", **LETTER)
    assert page.request.path.startswith("/staff/locks/")
    with provider.database.read() as connection:
        assert lifecycle.live_locks(connection, citizen.id) == ("terms_breach",)


def test_letters_and_representatives_are_their_provinces(
    app: Flask, provider: Provider, citizen: Citizen
) -> None:
    """Elsewhere a letter is neither entered, nor listed, nor shown, nor decided."""
    roles = ("lock_officer", "reviewer")
    near = officer(app, provider, *roles, province="01", unit="Near")
    far = officer(app, provider, *roles, province="22", unit="Far")
    number = citizen.person.number
    far.visit("/staff/locks")
    entered = send(far, personal_number=number, **LETTER)
    assert error_code(entered) == "DD-LOCK-006"
    near.visit("/staff/locks")
    address = send(near, personal_number=number, **LETTER).request.path
    assert near.visit(address).status_code == 200

    assert LETTER["authority"] in near.visit("/staff/locks").text
    assert LETTER["authority"] not in far.visit("/staff/locks").text
    assert error_code(far.visit(address)) == "DD-STAFF-003"
    guardian = create_citizen(provider, replace(citizen.person, number=any_number()))
    with provider.database.transaction() as session:
        representation.appoint(
            session, provider.audit, ward_id=citizen.id, relation="guardian",
            representative_id=guardian.id, now=clock.now(),
        )  # fmt: skip
    shown = []
    for browser in (near, far):
        browser.visit("/staff/representations")
        shown.append("Không ai đại diện" in send(browser, personal_number=number).text)
    assert shown == [False, True]
