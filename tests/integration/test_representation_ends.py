"""A representation ends by command, by a guardian, by an officer, and by age."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from idp import clock
from idp.accounts import representation
from idp.accounts.models import Account, Representation
from idp.cli import main
from idp.cli.context import CliContext
from idp.provider import Provider
from idp.rights import closing
from tests.driver import Browser, Portal, at, citizen, error_code
from tests.integration.acting import (
    AUTHORISED,
    CHILD,
    GUARDIAN,
    LEGAL,
    ORGANISATION,
    account,
    act_for,
    as_child,
    finish,
    machine,
    organisation,
    portal_for,
    press,
    sign_in,
    userinfo,
)
from tests.services import BACKENDS
from tests.staff import sign_in_officer

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return portal_for(provider)


def wards(provider: Provider, *arguments: str) -> Result:
    """Run `idp wards`."""
    context = CliContext(None)
    context.__dict__.update(provider=provider, config=provider.config)
    group = main.get_command(None, "wards")
    return CliRunner().invoke(group, arguments, obj=context)


def make_guardian(provider: Provider) -> None:
    """Let the sandbox's mother be the child's guardian instead."""
    with provider.database.transaction() as session:
        session.execute(
            sa.update(Representation)
            .where(Representation.ward_id == account(provider, CHILD))
            .values(relation="guardian", confirms_until=None)
        )


def ending_of(provider: Provider) -> dict:
    """Return the newest event of a representation's end on the child's chain."""
    with provider.database.read() as connection:
        found = provider.audit.recent(connection, account(provider, CHILD), 30)
    return next(one.data for one in found if one.type == "RepresentationEnded")


def is_dead(browser: Browser, portal: Portal, tokens: dict) -> bool:
    """Say whether neither token of the round is worth anything."""
    refused = machine(
        browser.client, portal, "/token",
        grant_type="refresh_token", refresh_token=tokens["refresh_token"],
    )  # fmt: skip
    told = userinfo(browser.client, tokens).status_code
    return (told, refused.get_json().get("error")) == (401, "invalid_grant")


@on_each_backend
def test_a_command_ends_it_by_paper(
    app: Flask, provider: Provider, portal: Portal, backend: str
) -> None:
    """Tokens die, the choice is gone, both are told; a second time there is none."""
    browser, tokens = as_child(app, provider, portal)
    arguments = ("end", CHILD, GUARDIAN, "--reason", "court", "--document", "12/2026")

    done = wards(provider, *arguments)

    assert done.output == "Ended.\n"
    assert is_dead(browser, portal, tokens)
    told = ending_of(provider)
    assert (told["reason"], told["document"]) == ("court", "12/2026")
    browser.visit(portal.url(scope="openid representation"))
    assert at(browser.page) in ("consent", "portal"), "nobody to choose any more"
    provider.courier.wait()
    phone = citizen(provider, personal_number=GUARDIAN)["phone"]
    assert any("dai dien" in one.text for one in provider.messages.list(phone))
    assert wards(provider, *arguments).exit_code == 1


def test_a_small_child_waits_for_the_next_representative(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """Below 14 nobody signs in without a confirmation, also when none can give it."""
    make_guardian(provider)
    wards(provider, "end", CHILD, GUARDIAN, "--reason", "replaced")

    browser = sign_in(app, provider, CHILD, portal.url())

    assert at(browser.page) == "confirmation"


@on_each_backend
def test_a_guardian_ends_the_own_guardianship(
    app: Flask, provider: Provider, portal: Portal, backend: str
) -> None:
    """On the own page, after a proof; tokens die and the ward's history says so."""
    make_guardian(provider)
    browser, tokens = as_child(app, provider, portal)
    page = browser.visit("/account/wards")
    address = f"/account/wards/{account(provider, CHILD)}/end"
    assert f'href="{address}"' in page.text
    page = browser.visit(address)
    assert "Bùi Gia Quân" in page.text

    page = browser.submit()

    assert "thôi đại diện" in page.text
    assert page.request.path == "/account/wards"
    assert ending_of(provider)["reason"] == "own_wish"
    assert is_dead(browser, portal, tokens)
    assert browser.visit(address).status_code == 404


def test_a_parent_does_not_stop_being_one(app: Flask, provider: Provider) -> None:
    """No link, no page; and nobody ends another's."""
    browser = sign_in(app, provider, GUARDIAN, "/account/wards")
    address = f"/account/wards/{account(provider, CHILD)}/end"
    assert address not in browser.page.text
    assert browser.visit(address).status_code == 404
    stranger = sign_in(app, provider, "999190000013", "/account/wards")
    assert stranger.visit(address).status_code == 404


@on_each_backend
def test_an_officer_ends_it_with_the_paper(
    app: Flask, provider: Provider, portal: Portal, backend: str
) -> None:
    """By number, noted; without the paper's number it does not end."""
    browser, tokens = as_child(app, provider, portal)
    officer = Browser(app.test_client())
    staff_id, _ = sign_in_officer(officer, provider, roles=["reviewer"])
    officer.visit("/staff/representations")
    page = press(officer, "/staff/representations", personal_number=CHILD)
    mother = account(provider, GUARDIAN)
    assert GUARDIAN not in page.text
    typed = {"representative": str(mother), "reason": "court"}
    action = f"/representations/{account(provider, CHILD)}"
    assert press(officer, action, **typed, document=" ").status_code == 422
    assert not is_dead(browser, portal, tokens)
    press(officer, "/staff/representations", personal_number=CHILD)

    page = press(officer, action, **typed, document="12/2026/QĐST-VDS")

    assert "Đã chấm dứt việc đại diện" in page.text
    assert ending_of(provider) == {
        "representative_id": str(mother), "reason": "court",
        "officer_id": str(staff_id), "document": "12/2026/QĐST-VDS",
    }  # fmt: skip
    assert is_dead(browser, portal, tokens)
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, account(provider, CHILD), 30)
    looks = [one for one in events if one.type == "OfficerLookedUp"]
    assert {one.data["purpose"] for one in looks} == {"representation"}


def test_a_closed_representative_ends_like_any_other(
    app: Flask, provider: Provider
) -> None:
    """Whose name is erased is listed without one, and can be ended."""
    with provider.database.transaction() as session:
        session.execute(
            sa.update(Account)
            .where(Account.id == account(provider, GUARDIAN))
            .values(state="closed", identity_sealed=b"")
        )
    officer = Browser(app.test_client())
    sign_in_officer(officer, provider, roles=["reviewer"])
    officer.visit("/staff/representations")
    page = press(officer, "/staff/representations", personal_number=CHILD)
    assert "một tài khoản đã đóng" in page.text
    page = press(
        officer, f"/representations/{account(provider, CHILD)}",
        representative=str(account(provider, GUARDIAN)), reason="death", document="1",
    )  # fmt: skip
    assert "Đã chấm dứt việc đại diện" in page.text


def test_only_a_reviewer_and_only_who_is_named(app: Flask, provider: Provider) -> None:
    """Other roles are refused, unknown numbers show nobody."""
    other = Browser(app.test_client())
    sign_in_officer(other, provider, roles=["hotline"])
    assert other.visit("/staff/representations").status_code == 403
    officer = Browser(app.test_client())
    sign_in_officer(officer, provider, roles=["reviewer"])
    officer.visit("/staff/representations")
    for number in ("999150000099", GUARDIAN):
        page = press(officer, "/staff/representations", personal_number=number)
        assert "Không ai đại diện" in page.text
    page = press(officer, "/staff/representations", personal_number="12")
    assert 'id="personal_number-wrong"' in page.text
    officer.visit("/staff/representations")
    press(officer, "/staff/representations", personal_number=CHILD)
    page = press(
        officer, f"/representations/{account(provider, CHILD)}",
        representative=str(account(provider, CHILD)), reason="court", document="1",
    )  # fmt: skip
    assert page.status_code == 422


def test_no_reviewer_ends_their_own(app: Flask, provider: Provider) -> None:
    """Neither the guardian nor the ward finds it on the officers' page."""
    for number in (GUARDIAN, CHILD):
        officer = Browser(app.test_client())
        sign_in_officer(officer, provider, roles=["reviewer"], number=number)
        officer.visit("/staff/representations")
        page = press(officer, "/staff/representations", personal_number=CHILD)
        assert error_code(page) == "DD-STAFF-006"


@on_each_backend
def test_coming_of_age_ends_it_by_date(
    app: Flask,
    provider: Provider,
    portal: Portal,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody acts from the birthday on; the sweep writes it down and tells, once."""
    browser, tokens = as_child(app, provider, portal)
    assert wards(provider, "sweep").output == "0 ended by age.\n"
    with provider.database.transaction() as session:
        session.execute(
            sa.update(Representation)
            .where(Representation.ward_id == account(provider, CHILD))
            .values(until=clock.now() + timedelta(seconds=60))
        )
    later = clock.now() + timedelta(seconds=60)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert userinfo(browser.client, tokens).status_code == 401

    assert wards(provider, "sweep").output == "1 ended by age.\n"

    assert ending_of(provider)["reason"] == "of_age"
    assert is_dead(browser, portal, tokens)
    assert wards(provider, "sweep").output == "0 ended by age.\n"


def test_a_minors_guardianship_ends_with_eighteen(provider: Provider) -> None:
    """Who is of age already has a guardian until that is ended (Civil Code art. 62)."""
    with provider.database.transaction() as session:
        session.execute(sa.delete(Representation))
        mother = account(provider, GUARDIAN)
        ages = provider.config.representation
        for number, born in ((CHILD, "2016-04-12"), ("999190000013", "1950")):
            representation.appoint(
                session, provider.audit,
                representative_id=mother, ward_id=account(provider, number),
                relation="guardian", now=clock.now(),
                term=representation.term_of("guardian", born, ages),
            )  # fmt: skip
    with provider.database.read() as connection:
        found = representation.wards_of(connection, mother, now=clock.now())
    ends = {one.account_id: one.until for one in found}
    assert str(ends[account(provider, CHILD)])[:10] == "2034-04-12"
    assert ends[account(provider, "999190000013")] is None


def close(provider: Provider, number: str) -> None:
    """Let the time to think be over, and the sweep carry the wish out."""
    now = clock.now()
    with provider.database.transaction() as session:
        asked_at = now - timedelta(seconds=provider.config.rights.closing)
        closing.ask(provider, session, account(provider, number), now=asked_at)
    assert closing.sweep(provider, now=now) == 1


@on_each_backend
def test_who_closes_the_account_acts_for_nobody(
    app: Flask, provider: Provider, portal: Portal, backend: str
) -> None:
    """The ward's tokens die with the guardian's account, and its history says why."""
    browser, tokens = as_child(app, provider, portal)

    close(provider, GUARDIAN)

    assert is_dead(browser, portal, tokens)
    assert ending_of(provider)["reason"] == "account_closed"
    with provider.database.read() as connection:
        found = provider.audit.recent(connection, account(provider, CHILD), 5)
        ward = account(provider, CHILD)
        assert not representation.representatives_of(connection, ward, now=clock.now())
    assert "GrantEnded" in {one.type for one in found}
    child = sign_in(app, provider, CHILD, portal.url())
    assert at(child.page) == "confirmation", "still below 14"


def test_nobody_acts_for_who_closed_the_account(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """The ward's account ends: so does the representation, and who acted is told."""
    browser, tokens = as_child(app, provider, portal)
    child = account(provider, CHILD)

    close(provider, CHILD)

    assert is_dead(browser, portal, tokens)
    with provider.database.read() as connection:
        found = provider.audit.recent(connection, child, 20)
        assert not representation.representatives_of(connection, child, now=clock.now())
    assert "RepresentationEnded" in {one.type for one in found}
    provider.courier.wait()
    phone = citizen(provider, personal_number=GUARDIAN)["phone"]
    assert any("dai dien" in one.text for one in provider.messages.list(phone))


def test_who_closes_the_account_leaves_every_organisation(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """Tokens made for it die, the listing is over, and its page still opens."""
    browser = sign_in(
        app, provider, AUTHORISED, portal.url(scope=f"{ORGANISATION} offline_access")
    )
    act_for(browser, organisation(provider))
    tokens = finish(browser, portal)
    address = f"/account/organisations/{organisation(provider)}"
    head = sign_in(app, provider, LEGAL, address)
    people = head.page.text.count("<li")

    close(provider, AUTHORISED)

    assert is_dead(browser, portal, tokens)
    page = head.visit(address)
    assert (page.status_code, page.text.count("<li")) == (200, people - 1)
    with provider.database.read() as connection:
        found = provider.audit.recent(connection, organisation(provider), 10)
    assert {"MembershipEnded", "GrantEnded"} <= {one.type for one in found}
