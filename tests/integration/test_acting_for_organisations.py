"""Organisations: who signs in for them, who is refused, how an account comes to be."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.accounts import memberships
from idp.accounts.identifiers import find_account_id, replace_number
from idp.accounts.standing import read_standing
from idp.app import create_app
from idp.enrolment import dossiers, organisations
from idp.enrolment.models import Dossier
from idp.enrolment.organisation_source import (
    NoOrganisations,
    RegisteredOrganisation,
    SandboxOrganisations,
    SourceDownError,
)
from idp.enrolment.record import open_evidence
from idp.provider import Provider
from idp.rights import closing
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.acting import (
    AUTHORISED,
    LEGAL,
    MEMBER,
    NOBODY,
    ORGANISATION,
    TAX_CODE,
    account,
    act_for,
    finish,
    machine,
    organisation,
    portal_for,
    press,
    sign_in,
    subject,
    userinfo,
)
from tests.services import BACKENDS

ESSENTIAL = json.dumps({"userinfo": {"organisation": {"essential": True}}})


class DissolvedNow:
    """The sandbox's register on the day after every organisation's end."""

    def find(self, tax_code: str) -> RegisteredOrganisation | None:
        known = SandboxOrganisations().find(tax_code)
        return replace(known, is_dissolved=True) if known else None


class Silent:
    """A register that does not answer."""

    def find(self, tax_code: str) -> RegisteredOrganisation | None:
        raise SourceDownError(detail=tax_code)


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return portal_for(provider, "taxes")


def membership_of(provider: Provider, number: str) -> memberships.Listed:
    with provider.database.read() as connection:
        person = find_account_id(connection, provider.sealer, number)
        (listed,) = memberships.of_person(connection, provider.sealer, person)
    return listed


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("number", "role", "level"),
    [(LEGAL, "legal_representative", 1), (AUTHORISED, "authorised_person", 2)],
)
def test_the_tokens_say_who_acted_for_the_organisation(
    app: Flask, provider: Provider, portal: Portal, backend: str, number: str,
    role: str, level: int,
) -> None:  # fmt: skip
    """`sub` is the organisation's, `act` the person, the claims name the role."""
    browser = sign_in(app, provider, number, portal.url(scope=ORGANISATION))
    act_for(browser, organisation(provider))
    tokens = finish(browser, portal)

    claims, sector = tokens["claims"], "taxes.example"
    person = subject(provider, account(provider, number), sector)
    assert claims["sub"] == subject(provider, organisation(provider), sector) != person
    assert claims["act"] == {"sub": person, "relation": role}
    assert (claims["account_level"], claims["authentication_level"]) == (2, level)
    told = userinfo(browser.client, tokens).get_json()
    assert told == {
        "sub": claims["sub"],
        "act": claims["act"],
        "organisation": {
            "name": "Công ty TNHH Gạo Đồng Xanh",
            "tax_code": TAX_CODE,
            "role": role,
        },
    }


def test_a_persons_data_are_not_an_organisations(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """Whatever else is asked, nobody's name is told as the organisation's."""
    url = portal.url(scope=f"{ORGANISATION} profile")
    browser = sign_in(app, provider, LEGAL, url)
    act_for(browser, organisation(provider))
    told = userinfo(browser.client, finish(browser, portal)).get_json()

    assert set(told) == {"sub", "act", "organisation"}


def test_a_plain_member_is_refused(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """A clear page, and `access_denied` for the portal."""
    browser = sign_in(app, provider, MEMBER, portal.url(scope=ORGANISATION))

    page = act_for(browser, organisation(provider))

    assert (page.status_code, error_code(page)) == (403, "DD-ORG-001")
    assert answer(browser.submit())["error"] == "access_denied"


@pytest.mark.parametrize("ending", ["revoked", "left", "expired", "lock", "dissolved"])
def test_everything_dies_with_the_mandate(
    provider: Provider, portal: Portal, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mandate's end in any way, and the organisation's own."""
    gone = replace(provider, organisations=DissolvedNow())
    app = create_app(provider=gone if ending == "dissolved" else provider)
    browser = sign_in(create_app(provider=provider), provider, AUTHORISED,
                      portal.url(scope=f"{ORGANISATION} offline_access"))  # fmt: skip
    act_for(browser, organisation(provider))
    tokens = finish(browser, portal)
    assert userinfo(browser.client, tokens).status_code == 200

    if ending == "dissolved":
        other = sign_in(app, provider, LEGAL, portal.url(scope=ORGANISATION))
        page = act_for(other, organisation(provider))
        assert (page.status_code, error_code(page)) == (403, "DD-ORG-006")
        with provider.database.read() as connection:
            locks = read_standing(connection, organisation(provider)).locks
        assert locks == ("dissolved",)
    elif ending == "lock":
        from tests.integration.test_acting_for_wards import lock

        lock(provider, AUTHORISED)
    else:
        _end_mandate(provider, ending, monkeypatch)

    assert userinfo(browser.client, tokens).status_code == 401
    refused = machine(
        browser.client, portal, "/token",
        grant_type="refresh_token", refresh_token=tokens["refresh_token"],
    )  # fmt: skip
    assert refused.get_json()["error"] == "invalid_grant"


def _end_mandate(
    provider: Provider, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = membership_of(provider, AUTHORISED)
    by = LEGAL if ending == "revoked" else AUTHORISED
    if ending == "expired":
        table = memberships.Membership.__table__
        with provider.database.transaction() as session:
            session.execute(
                sa.update(table)
                .where(table.c.id == listed.id)
                .values(valid_until=clock.now())
            )
        return
    with provider.database.transaction() as session:
        assert memberships.end(
            session, provider.audit, listed.id,
            ended_by=account(provider, by), now=clock.now(),
        )  # fmt: skip


def test_a_register_that_is_silent_stops_nobody(
    provider: Provider, portal: Portal
) -> None:
    """The account is what it was."""
    app = create_app(provider=replace(provider, organisations=Silent()))
    browser = sign_in(app, provider, LEGAL, portal.url(scope=ORGANISATION))

    assert at(act_for(browser, organisation(provider))) == "consent"


def test_a_portal_may_insist(app: Flask, provider: Provider, portal: Portal) -> None:
    """An essential claim leaves nobody to go on for themselves."""
    wish = {"scope": ORGANISATION, "claims": ESSENTIAL}
    nobody = sign_in(app, provider, NOBODY, portal.url(**wish))
    assert nobody.page is not None
    assert (at(nobody.page), error_code(nobody.page)) == ("acting", "DD-ORG-005")
    silent = nobody.visit(portal.url(**wish, prompt="none"))
    assert answer(silent)["error"] == "interaction_required"

    browser = sign_in(app, provider, LEGAL, portal.url(**wish))
    own = account(provider, LEGAL)
    assert browser.page is not None
    assert str(own) not in browser.page.text
    assert browser.submit(whom=str(own)).status_code == 400


def apply(browser: Browser, **typed: str):
    browser.visit("/account/organisations/new")
    assert browser.page is not None
    fields = {"tax_code": "", "name": "", "head_office": "", "founded_on": ""} | typed
    return browser.submit(**fields)


def open_page(app: Flask, provider: Provider, number: str) -> Browser:
    return sign_in(app, provider, number, "/account/organisations")


@pytest.mark.parametrize("backend", BACKENDS)
def test_whom_the_register_names_gets_the_account_at_once(
    app: Flask, provider: Provider, backend: str
) -> None:
    """Granted, with the register's data; a second application is refused."""
    browser = open_page(app, provider, NOBODY)
    page = apply(browser, tax_code="999 000 0002")
    assert "Hợp tác xã Chè Suối Mây" in page.text

    with provider.database.read() as connection:
        dossier = connection.execute(sa.select(Dossier.__table__)).one()
    assert (dossier.kind, dossier.state) == ("organisation", "granted")
    assert dossier.account_id == dossier.organisation_id
    assert error_code_in(apply(browser, tax_code="9990000002")) == "DD-ORG-003"


def test_an_applicant_who_closes_leaves_the_organisations_dossier(
    app: Flask, provider: Provider
) -> None:
    """It is the organisation's: what it applied with stays, and names nobody."""
    apply(open_page(app, provider, NOBODY), tax_code="999 000 0002")
    with provider.database.transaction() as session:
        closing.ask(provider, session, account(provider, NOBODY), now=clock.now())
    assert closing.sweep(provider, now=clock.now() + timedelta(days=9)) == 1

    with provider.database.read() as connection:
        row = connection.execute(sa.select(Dossier.__table__)).one()
    evidence = open_evidence(provider.sealer, row.evidence_sealed, row.id)
    assert evidence["organisation"]["name"] == "Hợp tác xã Chè Suối Mây"
    assert (evidence["person"]["number"], evidence["person"]["phone"]) == ("", None)
    assert evidence["person"]["identity"]["given_name"] == "–"


def error_code_in(page) -> str:
    return page.text.partition('Code <span class="code">')[2].partition("<")[0] or (
        page.text.partition('<span class="code">DD')[1]
        and "DD" + page.text.partition('<span class="code">DD')[2].partition("<")[0]
    )


@pytest.mark.parametrize(
    ("number", "tax_code", "code"),
    [
        (NOBODY, "9990000001", "DD-ORG-007"),
        (NOBODY, "9990000003", "DD-ORG-007"),
        (NOBODY, "12345", "DD-ORG-002"),
        ("999198000001", "0123456789", "DD-ORG-008"),
    ],
)
def test_applications_that_are_refused(
    app: Flask, provider: Provider, number: str, tax_code: str, code: str
) -> None:
    """Another's organisation, a dissolved one, no tax code, and level 1."""
    browser = open_page(app, provider, number)
    told = {"name": "Tổ hợp tác", "head_office": "Cần Thơ", "founded_on": "1/2/2020"}

    page = apply(browser, tax_code=tax_code, **(told if code[-1] == "8" else {}))

    assert (page.status_code, error_code_in(page)) == (422, code)


def test_what_no_register_knows_waits_for_an_officer(
    provider: Provider,
) -> None:
    """Asked for its details, filed, due in 15 working days, granted by an officer."""
    unknowing = replace(provider, organisations=NoOrganisations())
    app = create_app(provider=unknowing)
    browser = open_page(app, provider, NOBODY)
    page = apply(browser, tax_code="0123456789")
    assert 'name="head_office"' in page.text
    typed = {"tax_code": "0123456789", "name": "Tổ hợp tác Bến Sen"}
    assert apply(browser, **typed).status_code == 422
    browser.submit(**typed, head_office="Số 1, Cần Thơ", founded_on="01/02/2020")

    with provider.database.read() as connection:
        row = connection.execute(sa.select(Dossier.__table__)).one()
    assert (row.kind, row.state) == ("organisation_unknown", "submitted")
    assert row.due_at - row.submitted_at > timedelta(days=15)
    portal = portal_for(provider, "taxes")
    browser.visit(portal.url(scope=ORGANISATION))
    assert act_for(browser, row.organisation_id).status_code == 403
    with provider.database.transaction() as session:
        dossiers.grant(provider, session, row.id, by="officer", now=clock.now())
    browser.visit(portal.url(scope=ORGANISATION))
    assert at(act_for(browser, row.organisation_id)) == "consent"


def test_a_refused_application_frees_the_tax_code(provider: Provider) -> None:
    """The next one may apply for it."""
    told = organisations.Details(
        name="Tổ hợp tác", tax_code="", head_office="Huế", founded_on="2020-02-01"
    )
    unknowing = replace(provider, organisations=NoOrganisations())
    filer, now = account(provider, NOBODY), clock.now()
    filed = organisations.apply(
        unknowing, filer, "0123456789", told=told, now=now
    ).filed
    assert filed is not None
    with provider.database.transaction() as session:
        dossiers.refuse(
            provider, session, filed.dossier_id,
            reason="other", by="officer", now=now,
        )  # fmt: skip

    again = organisations.apply(unknowing, filer, "0123456789", told=told, now=now)

    assert again.state == "submitted"


def test_a_mandate_is_given_accepted_and_revoked(
    app: Flask, provider: Provider, portal: Portal
) -> None:
    """From the legal representative's page to the person's own, and back."""
    legal = open_page(app, provider, LEGAL)
    address = f"/account/organisations/{organisation(provider)}"
    legal.visit(address)
    press(
        legal, "/invite", personal_number=NOBODY, role="authorised_person",
        mandate="Nộp tờ khai", valid_until="31/12/2099",
    )  # fmt: skip
    person = open_page(app, provider, NOBODY)
    assert person.page is not None
    assert "Nộp tờ khai" in person.page.text
    assert at(person.visit(portal.url(scope=ORGANISATION))) == "consent"
    person.visit("/account/organisations")
    press(person, "/accept")
    person.visit(portal.url(scope=ORGANISATION))
    assert at(act_for(person, organisation(provider))) == "consent"
    tokens = finish(person, portal)
    assert userinfo(person.client, tokens).status_code == 200

    listed = membership_of(provider, NOBODY)
    legal.visit(address)
    press(legal, f"/end/{listed.id}")

    assert userinfo(person.client, tokens).status_code == 401
    assert at(person.visit(portal.url(scope=ORGANISATION))) == "consent"


def test_an_invitation_tells_nothing_of_the_number(
    app: Flask, provider: Provider
) -> None:
    """A number without an account and one with look the same, and twice is refused."""
    legal = open_page(app, provider, LEGAL)
    address = f"/account/organisations/{organisation(provider)}"
    shown = []
    for number in (NOBODY, "999150000099"):
        legal.visit(address)
        page = press(legal, "/invite", personal_number=number, role="member")
        entry = page.text.rpartition("<h3>")[2].partition("</li>")[0]
        shown.append(entry.partition("</h3>")[0])
    assert shown[0] == shown[1]
    legal.visit(address)
    page = press(legal, "/invite", personal_number=NOBODY, role="member")
    assert (page.status_code, error_code_in(page)) == (422, "DD-ORG-004")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"personal_number": "12"}, "personal_number"),
        ({"role": "boss"}, "role"),
        ({"mandate": " "}, "mandate"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_until": "01/01/2001"}, "valid_until"),
    ],
)
def test_invitations_that_are_not_in_order(
    app: Flask, provider: Provider, typed: dict[str, str], field: str
) -> None:
    """The field that mends it is named."""
    legal = open_page(app, provider, LEGAL)
    legal.visit(f"/account/organisations/{organisation(provider)}")
    right = {
        "personal_number": NOBODY, "role": "authorised_person", "mandate": "Nộp thuế",
    }  # fmt: skip

    page = press(legal, "/invite", **(right | typed))

    assert page.status_code == 422
    assert f'id="{field}-wrong"' in page.text


def test_only_the_legal_representative_manages(app: Flask, provider: Provider) -> None:
    """The authorised person sees the organisation, and not its people."""
    address = f"/account/organisations/{organisation(provider)}"
    for number in (AUTHORISED, MEMBER, NOBODY):
        browser = open_page(app, provider, number)
        assert browser.visit(address).status_code == 404


def test_a_new_number_keeps_what_was_given(app: Flask, provider: Provider) -> None:
    """The representative goes on managing; an invitation to either number is one's."""
    address = f"/account/organisations/{organisation(provider)}"
    persons = (LEGAL, "999085000777"), (NOBODY, "999190000778")
    for number, new in persons:
        with provider.database.transaction() as session:
            stores = (session, provider.audit, provider.sealer)
            person = account(provider, number)
            replace_number(*stores, person, new, now=clock.now())
    legal = open_page(app, provider, LEGAL)
    assert legal.page is not None
    assert "Gạo Đồng Xanh" in legal.page.text
    for invited in persons[1]:
        legal.visit(address)
        press(legal, "/invite", personal_number=invited, role="member")
        person = open_page(app, provider, NOBODY)
        assert person.page is not None
        press(person, "/accept")
        assert 'action="/account/organisations' in person.page.text
        page = press(person, "/leave")
        assert "Gạo Đồng Xanh" not in page.text


def test_leaving_is_ones_own(app: Flask, provider: Provider, portal: Portal) -> None:
    """A member leaves; nobody leaves or accepts in another's place."""
    member, other = open_page(app, provider, MEMBER), open_page(app, provider, NOBODY)
    assert member.page is not None
    listed = membership_of(provider, MEMBER)
    for act in ("leave", "accept"):
        page = other.visit(
            f"/account/organisations/{listed.id}/{act}", data={"csrf_token": "x"}
        )
        assert page.status_code in (400, 403, 404)
    press(member, "/leave")
    page = member.visit(portal.url(scope=ORGANISATION))

    assert at(page) == "consent"
