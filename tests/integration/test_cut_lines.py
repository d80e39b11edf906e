"""A line to the database that is cut anywhere in a filing: whole, and one goes on."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from idp.accounts.organisation_models import Organisation
from idp.accounts.standing import read_standing
from idp.app import create_app
from idp.enrolment.models import Dossier
from idp.factors.throttle import Throttle
from idp.provider import Provider
from tests.cut_lines import survive
from tests.driver import citizen
from tests.integration.acting import NOBODY, sign_in
from tests.integration.desk.counter import PHONE, open_desk, ready
from tests.integration.enrolling import newcomer, receipt_in
from tests.integration.test_enrolment_ward import at_form, typed


@pytest.fixture
def provider(provider: Provider) -> Provider:
    """Return the provider without a limit of tries: each is really judged."""
    endless, config = 10**6, provider.config
    config = replace(
        config,
        enrolment=replace(config.enrolment, drafts_per_person=endless),
        throttle=replace(config.throttle, organisations_per_account_a_day=endless),
    )
    throttle = Throttle(provider.ephemeral, config.throttle)
    return replace(provider, config=config, throttle=throttle)


@pytest.fixture
def app(provider: Provider):
    return create_app(provider=provider)


def whole(provider: Provider) -> None:
    """Require that there is no dossier, or one that is granted with its account."""
    with provider.database.read() as connection:
        found = connection.execute(sa.select(Dossier.__table__)).all()
        for dossier in found:
            standing = read_standing(connection, dossier.account_id)
            assert (dossier.state, standing.state) == ("granted", "granted")
        kept = connection.scalar(sa.select(sa.func.count(Organisation.id)))
    assert len(found) <= 1
    assert kept <= 1 + sum(dossier.kind == "organisation" for dossier in found)


def test_a_filing_for_a_child(app, provider) -> None:
    """The same form again files it, or leads to the receipt that is there."""
    child = newcomer(provider, "child")
    mother = citizen(provider, personal_number=child["guardian_number"])
    browser = at_form(app, mother)
    form = browser.page

    cuts = survive(
        lambda: browser.submit(form, **typed(child)), lambda: whole(provider)
    )

    assert cuts > 10
    assert receipt_in(browser.page)


def test_an_application_of_an_organisation(app, provider) -> None:
    """It is granted whole, and stands on the applicant's page."""
    page = "/account/organisations"
    browser = sign_in(app, provider, NOBODY, page)
    form = browser.visit(f"{page}/new")
    typed = {"tax_code": "9990000002", "name": "", "head_office": "", "founded_on": ""}

    cuts = survive(lambda: browser.submit(form, **typed), lambda: whole(provider))

    assert cuts > 10
    assert "Chè Suối Mây" in browser.visit(page).text


def test_a_submission_at_the_desk(app, provider) -> None:
    """The officer presses again, and has the receipt."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(chip)
    desk.press("/registry")
    desk.prove()
    desk.press("/contacts", phone=PHONE)
    form = desk.press("/agreement", agreed="yes")

    def send():
        desk.browser.page = form
        return desk.press("/summary")

    cuts = survive(send, lambda: whole(provider))

    assert cuts > 10
    assert "/receipts/" in desk.page.request.path
