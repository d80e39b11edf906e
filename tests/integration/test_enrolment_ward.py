"""A representative applies for a child, from their own account, freshly proven."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import clock
from idp.accounts.identifiers import find_account_id
from idp.accounts.representation import wards_of
from idp.accounts.standing import read_standing
from idp.app import create_app
from idp.enrolment.models import Dossier
from idp.enrolment.record import open_evidence
from idp.enrolment.wards import relation_of
from idp.provider import Provider
from idp.registry.person import RegisteredPerson, Representative
from idp.rights import closing
from tests.driver import Browser, at, citizen, citizens, error_code
from tests.integration.acting import WARD, act_for, finish, portal_for, prove
from tests.integration.enrolling import newcomer, receipt_in

ADDRESS = "/account/wards/apply"


@pytest.fixture
def child(provider: Provider) -> dict:
    return newcomer(provider, "child")


@pytest.fixture
def mother(provider: Provider, child: dict) -> dict:
    number = child["guardian_number"]
    return next(one for one in citizens(provider) if one["personal_number"] == number)


def typed(person: dict, **changes: str) -> dict[str, str]:
    year, _, rest = person["birth_date"].partition("-")
    month, _, day = rest.partition("-")
    return {
        "personal_number": person["personal_number"],
        "name": person["name"],
        "year": year,
        "month": month,
        "day": day,
        "consent": "yes",
    } | changes


def at_form(app, who: dict) -> Browser:
    browser = Browser(app.test_client())
    browser.visit(ADDRESS)
    page = browser.submit(
        personal_number=who["personal_number"], password=who["password"]
    )
    if at(page) == "otp":
        texts = app.extensions["dinhdanh"].messages.list(who["phone"])
        browser.submit(otp=re.search(r"\b\d{6}\b", texts[0].text)[0])
    assert browser.page.request.path == ADDRESS, browser.page.text
    return browser


def test_a_child_gets_an_account_that_its_mother_acts_for(app, provider, child, mother):
    """No phone of its own, the mother's notice, and the representation at once."""
    browser = at_form(app, mother)
    page = browser.submit(**typed(child))
    assert receipt_in(page)
    with provider.database.read() as connection:
        ward = find_account_id(connection, provider.sealer, child["personal_number"])
        guardian = find_account_id(
            connection, provider.sealer, mother["personal_number"]
        )
        standing = read_standing(connection, ward)
        wards = wards_of(connection, guardian, now=clock.now())
    assert (standing.level, standing.state) == (1, "granted")
    assert ward in {one.account_id for one in wards}
    provider.courier.wait()
    told = provider.messages.list(mother["phone"])
    assert any("khong can kich hoat" in message.text for message in told)
    assert "/activate" not in page.text
    assert 'href="/account/wards"' in page.text

    portal = portal_for(provider)
    acting = Browser(app.test_client())
    acting.visit(portal.url(scope=WARD))
    prove(acting, provider, mother["personal_number"])
    act_for(acting, ward)
    assert finish(acting, portal, assent=True)["claims"]["act"]["relation"] == "mother"

    browser.visit(ADDRESS)
    again = browser.submit(**typed(child))
    assert receipt_in(again) == receipt_in(page)
    with_stranger = Browser(app.test_client())
    assert with_stranger.visit(page.request.path).request.path != page.request.path


def test_one_refusal_for_everybody_else(app, provider, child, mother):
    """Somebody else's child, a grown-up, an unknown person, who has an account."""
    other = newcomer(provider, "child_of_newcomer")
    adult = newcomer(provider)
    taken = citizen(provider, state="active", account_level=2)
    browser = at_form(app, mother)
    for person, changes in (
        (other, {}),
        (adult, {}),
        (child, {"name": "Nguyễn Văn Khác"}),
        (child, {"personal_number": taken["personal_number"]}),
    ):
        page = browser.submit(**typed(person, **changes))
        assert error_code(page) == "DD-ENR-005"


def test_silence_is_no_consent_and_fields_are_read(app, provider, child, mother):
    """Each is asked again; after so many tries it waits."""
    browser = at_form(app, mother)
    page = browser.submit(**typed(child, consent=""))
    assert error_code(page) == "DD-ENR-004"
    page = browser.submit(**typed(child, personal_number="1"))
    assert page.status_code == 422
    for _ in range(provider.config.enrolment.drafts_per_person):
        page = browser.submit(**typed(child, consent=""))
    assert page.status_code == 429


def test_level_1_represents_nobody(app, provider):
    """A representative has level 2 (Decree 69/2024 art. 10)."""
    person = citizen(provider, state="active", account_level=1, lock=None)
    browser = Browser(app.test_client())
    browser.visit(ADDRESS)
    page = browser.sign_in(person)
    assert error_code(page) == "DD-ENR-006"


@pytest.mark.parametrize(
    ("relation", "is_child", "told"),
    [("mother", True, "mother"), ("father", True, "father"),
     ("mother", False, None), ("guardian", False, "guardian"),
     ("aunt", True, "guardian"), ("aunt", False, "guardian")],
)  # fmt: skip
def test_a_grown_up_has_guardians_alone(relation, is_child, told):
    """Parents represent a minor; whom else the registry names is a guardian."""
    person = RegisteredPerson(
        number="001085000001",
        given_name="Bé",
        birth_date="2018",
        gender="female",
        representatives=(Representative("001085000002", "Mẹ", relation),),
    )
    assert relation_of(person, "001085000002", is_child=is_child) == told
    assert relation_of(person, "001085000003", is_child=is_child) is None


@pytest.mark.parametrize("decision", ["automatic", "officer"])
def test_a_mother_who_closes_her_account_leaves_the_childs_dossier(
    app, provider, child, mother, decision
):
    """The dossier is the child's, and names her no more; an open one is withdrawn."""
    enrolment = replace(provider.config.enrolment, decision=decision)
    provider = replace(provider, config=replace(provider.config, enrolment=enrolment))
    app = create_app(provider=provider)
    assert receipt_in(at_form(app, mother).submit(**typed(child)))
    with provider.database.transaction() as session:
        guardian = find_account_id(session, provider.sealer, mother["personal_number"])
        closing.ask(provider, session, guardian, now=clock.now())

    assert closing.sweep(provider, now=clock.now() + timedelta(days=9)) == 1

    with provider.database.read() as connection:
        query = sa.select(Dossier.__table__).where(Dossier.filed_by == guardian)
        row = connection.execute(query).one()
    evidence = open_evidence(provider.sealer, row.evidence_sealed, row.id)
    kept = json.dumps(evidence, ensure_ascii=False)
    assert evidence["person"]["number"] == child["personal_number"]
    assert mother["phone"] not in kept
    assert mother["personal_number"] not in kept
    state = "granted" if decision == "automatic" else "withdrawn"
    assert row.state == state
