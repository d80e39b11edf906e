"""Reviewers take dossiers, see evidence sparingly, and decide once."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from idp import clock
from idp.accounts.identifiers import find_account_id
from idp.accounts.standing import read_standing
from idp.cli.context import CliContext
from idp.cli.enrol import group
from idp.enrolment import dossiers, queue
from idp.enrolment.models import Dossier
from idp.enrolment.receipts import receipt_text
from idp.provider import Provider
from tests.driver import Browser, citizen, error_code
from tests.services import BACKENDS
from tests.staff import sign_in_officer
from tests.unit.enrolment.conftest import a_dossier

EVIDENCE = {
    "photo": "/9j/4AAQ",
    "desk": {
        "face": "match",
        "fingers": "not_held",
        "checks": ["passive_authentication"],
        "waits_for": ["differs"],
        "compared": [
            {"field": "name", "card": "A B", "registry": "A C", "agrees": False},
            {"field": "number", "card": "1", "registry": "1", "agrees": True},
        ],
    },
}


def file(provider: Provider, *, now=None, **values):
    with provider.database.transaction() as session:
        return dossiers.file(
            provider,
            session,
            a_dossier(evidence=EVIDENCE, **values),
            now=now or clock.now(),
        )


def reviewer(app: Flask, provider: Provider, name: str = "One", **where) -> Browser:
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=["reviewer"], name=name, **where)
    return browser


def press(browser: Browser, dossier_id, step: str = "", **typed):
    path = f"/staff/review/{dossier_id}"
    page = browser.visit(path)
    found = re.findall(
        rf'action="{path}{step}".*?name="csrf_token" value="([^"]*)"',
        page.text,
        re.DOTALL,
    )
    assert found, page.text
    return browser.visit(path + step, data={"csrf_token": found[0], **typed})


def tokens(page) -> list[str]:
    return re.findall(r'name="csrf_token" value="([^"]*)"', page.text)


def take(browser: Browser, dossier_id):
    return press(browser, dossier_id, "/take")


def read(provider: Provider, dossier_id):
    with provider.database.read() as connection:
        return queue.find_dossier(connection, dossier_id)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_reviewer_takes_and_grants(app: Flask, provider: Provider) -> None:
    """From the list to a granted account, with the applicant told."""
    filed = file(provider)
    browser = reviewer(app, provider)
    assert "Hồ sơ" in browser.visit("/staff").text

    page = browser.visit("/staff/review")
    assert receipt_text(filed.receipt) in page.text
    page = take(browser, filed.dossier_id)
    number = a_dossier().number
    assert f"{number[:3]}" in page.text
    assert "data:image/jpeg;base64,/9j/4AAQ" in page.text
    page = press(browser, filed.dossier_id, decision="grant")

    assert receipt_text(filed.receipt) not in page.text
    with provider.database.read() as connection:
        assert read_standing(connection, filed.account_id).state == "granted"
    provider.courier.wait()
    assert "muc 1" in Browser(app.test_client()).visit("/sandbox/outbox").text


def test_a_refusal_has_its_reason(app: Flask, provider: Provider) -> None:
    """The reason is kept with the dossier; the account is closed."""
    filed = file(provider)
    browser = reviewer(app, provider)
    take(browser, filed.dossier_id)

    press(browser, filed.dossier_id, decision="refuse", reason="document_invalid")

    seen = read(provider, filed.dossier_id)
    assert (seen.state, seen.refusal) == ("refused", "document_invalid")


def test_a_list_and_an_untaken_dossier_name_nobody(
    app: Flask, provider: Provider
) -> None:
    """Name and number stay sealed until an officer takes the dossier."""
    filed = file(provider)
    browser = reviewer(app, provider)
    given = a_dossier().identity.given_name

    pages = (
        browser.visit("/staff/review"),
        browser.visit(f"/staff/review/{filed.dossier_id}"),
    )
    for page in pages:
        assert given not in page.text
        assert a_dossier().number[-6:] not in page.text.replace("\u00a0", "")
    assert given in take(browser, filed.dossier_id).text


def test_who_filed_it_does_not_decide_it(app: Flask, provider: Provider) -> None:
    """The desk's officer has no button, and a forged post takes nothing."""
    browser = Browser(app.test_client())
    officer_id, _ = sign_in_officer(browser, provider, roles=["reviewer"])
    filed = file(provider)
    path = f"/staff/review/{filed.dossier_id}"
    token = tokens(browser.visit(path))[-1]
    with provider.database.transaction() as session:
        session.execute(
            sa.update(Dossier).values(channel="desk", officer_id=officer_id)
        )

    assert f"{path}/take" not in browser.visit(path).text
    page = browser.visit(f"{path}/take", data={"csrf_token": token})

    assert error_code(page) == "DD-ENR-012"
    assert read(provider, filed.dossier_id).state == "submitted"


def test_only_the_taker_decides(app: Flask, provider: Provider) -> None:
    """A colleague sees no evidence; after taking over, the first one cannot."""
    filed = file(provider)
    first, second = reviewer(app, provider), reviewer(app, provider, "Two")
    page = take(first, filed.dossier_id)
    token = tokens(page)[-1]
    assert (
        a_dossier().identity.given_name
        not in second.visit(f"/staff/review/{filed.dossier_id}").text
    )

    take(second, filed.dossier_id)
    path = f"/staff/review/{filed.dossier_id}"
    page = first.visit(path, data={"csrf_token": token, "decision": "grant"})

    assert error_code(page) == "DD-ENR-012"
    assert read(provider, filed.dossier_id).state == "in_review"


def test_another_provinces_officer_is_kept_out(app: Flask, provider: Provider) -> None:
    """A unit with a province sees its own dossiers; one without sees all."""
    filed = file(provider, province_code="01")
    far = reviewer(app, provider, unit="Far", province="79")
    near = reviewer(app, provider, unit="Near", province="01")
    centre = reviewer(app, provider, unit="Centre")
    path = f"/staff/review/{filed.dossier_id}"

    assert receipt_text(filed.receipt) not in far.visit("/staff/review").text
    assert error_code(far.visit(path)) == "DD-STAFF-003"
    for browser in (near, centre):
        assert receipt_text(filed.receipt) in browser.visit("/staff/review").text
        assert browser.visit(path).status_code == 200


def test_a_look_is_shown_to_the_citizen(app: Flask, provider: Provider) -> None:
    """Whose dossier was opened reads which unit looked, and why."""
    person = citizen(provider, state="active", factors=["pwd"], account_level=1)
    own = Browser(app.test_client())
    own.visit("/account")
    own.sign_in(person)
    with provider.database.read() as connection:
        account_id = find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
    filed = file(provider, kind="level2_upgrade", account_id=account_id)
    browser = reviewer(app, provider, unit="Police of Ward Nine")
    assert "Police of Ward Nine" not in own.visit("/account/history").text

    take(browser, filed.dossier_id)

    history = own.visit("/account/history").text
    assert "Police of Ward Nine đã xem dữ liệu của bạn: xét duyệt hồ sơ" in history
    assert "One" not in history.partition("<main")[2].partition("</main")[0]


def test_overdue_dossiers_stand_out(app: Flask, provider: Provider) -> None:
    """On the first page, in the list of their own, and by command."""
    long_ago = clock.now() - timedelta(days=20)
    late = file(provider, now=long_ago)
    browser = reviewer(app, provider)

    assert "only=overdue" in browser.visit("/staff").text
    page = browser.visit("/staff/review?only=overdue")
    assert receipt_text(late.receipt) in page.text
    context = CliContext(None)
    context.__dict__.update(provider=provider, config=provider.config)
    done = CliRunner().invoke(group, ["overdue", "--fail"], obj=context)

    assert receipt_text(late.receipt) in done.stdout
    assert done.exit_code == 1


def test_nothing_overdue(provider: Provider) -> None:
    """The command says so and succeeds."""
    context = CliContext(None)
    context.__dict__.update(provider=provider, config=provider.config)

    done = CliRunner().invoke(group, ["overdue", "--fail"], obj=context)

    assert done.exit_code == 0
    assert ": 0." in done.stdout
