"""Officers answer wishes of their province, without whole numbers, never their own."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.accounts import representation
from idp.accounts.models import Account
from idp.enrolment import dossiers
from idp.provider import Provider
from idp.rights import corrections
from idp.staff import people
from tests.driver import Browser, error_code
from tests.integration.chip.people import create_citizen
from tests.integration.way_back import prepare
from tests.services import BACKENDS
from tests.staff import sign_in_officer, unit_named
from tests.unit.enrolment.conftest import a_dossier

PAGE = "/staff/corrections"


@pytest.fixture
def citizen(provider: Provider):
    """Return a citizen of Hà Nội (01), with one wish that waits."""
    found = prepare(provider)
    with provider.database.transaction() as session:
        session.execute(sa.update(Account).values(level=1))
        dossiers.file(
            provider,
            session,
            a_dossier(kind="level2_upgrade", account_id=found.id, province_code="01"),
            now=clock.now(),
        )
    wish(provider, found.id, "Wish 0")
    return found


def wish(provider: Provider, account_id: UUID, text: str) -> None:
    with provider.database.transaction() as session:
        corrections.ask(
            session, provider.audit, provider.sealer, account_id, text,
            term=3600, now=clock.now(),
        )  # fmt: skip


def reviewer(app: Flask, provider: Provider, province=None, **officer) -> Browser:
    browser = Browser(app.test_client())
    sign_in_officer(
        browser, provider, roles=["reviewer"], unit=f"Unit {province}",
        province=province, **officer,
    )  # fmt: skip
    return browser


def answer(browser: Browser, page) -> tuple[str, dict[str, str]]:
    """Return where the page's first wish is answered, and what to send."""
    path = re.findall(rf'action="({PAGE}/[^"]*)"', page.text)[0]
    form = page.text.partition(f'action="{path}"')[2]
    token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
    return path, {"csrf_token": token, "answer": "Đã sửa"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_wish_is_its_provinces(
    app: Flask, provider: Provider, citizen, backend: str
) -> None:
    """Listed with a masked number there, and nowhere else; nor answered elsewhere."""
    near = reviewer(app, provider, "01")
    page = near.visit(PAGE)
    number = citizen.person.number
    assert "Wish 0" in page.text
    assert f"••• ••• ••• {number[-3:]}" in page.text
    assert number[:9] not in re.sub(r"\s", "", page.text)

    far = reviewer(app, provider, "22")
    assert "Wish 0" not in far.visit(PAGE).text
    path, _ = answer(near, page)
    forged = far.visit(path, data={"csrf_token": "x", "answer": "x"})
    assert error_code(forged) == "DD-WEB-010"
    assert "Wish 0" in reviewer(app, provider).visit(PAGE).text  # the whole country's


def test_an_officer_who_moved_answers_no_more(
    app: Flask, provider: Provider, citizen
) -> None:
    """The page was opened before; the province is asked again at the answer."""
    browser = Browser(app.test_client())
    officer_id, _ = sign_in_officer(
        browser, provider, roles=["reviewer"], unit="Near", province="01"
    )
    path, typed = answer(browser, browser.visit(PAGE))
    with provider.database.transaction() as session:
        people.move(
            session, provider.audit, officer_id, unit_named(provider, "Far", "22"),
            by="command", now=clock.now(),
        )  # fmt: skip

    assert error_code(browser.visit(path, data=typed)) == "DD-STAFF-003"


def test_officers_answer_no_wish_of_their_own(
    app: Flask, provider: Provider, citizen
) -> None:
    """Theirs is not listed; one of whom they come to represent is refused."""
    own = reviewer(app, provider, number=citizen.person.number)
    assert "Wish 0" not in own.visit(PAGE).text
    guardian = replace(citizen.person, number="999170000321")
    near = reviewer(app, provider, "01", number=guardian.number)
    path, typed = answer(near, near.visit(PAGE))
    with provider.database.transaction() as session:
        representation.appoint(
            session, provider.audit, ward_id=citizen.id, relation="guardian",
            representative_id=create_citizen(provider, guardian).id, now=clock.now(),
        )  # fmt: skip

    assert error_code(near.visit(path, data=typed)) == "DD-STAFF-006"


def test_the_list_pages_by_address(app: Flask, provider: Provider, citizen) -> None:
    """Twenty wishes on a page, each once; a page that is none is the first."""
    for number in range(1, 6):
        one = create_citizen(
            provider, replace(citizen.person, number=f"99917000040{number}")
        )
        for turn in range(5):
            wish(provider, one.id, f"Wish {number}{turn}")
    browser = reviewer(app, provider)

    pages = [browser.visit(f"{PAGE}?page={number}").text for number in (1, 2, "x")]

    found = [re.findall(r"Wish \d+", text) for text in pages]
    assert [len(one) for one in found] == [20, 6, 20]
    assert len({*found[0], *found[1]}) == 26
    assert f"{PAGE}?page=2" in pages[0]
    assert f"{PAGE}?page=1" in pages[1]
    assert f"{PAGE}?page=3" not in pages[1]
