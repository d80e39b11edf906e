"""Others at the desk: without a card, foreigners, children, accounts to be raised."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from idp import clock
from idp.accounts import contacts
from idp.accounts.calendar import HANOI, Calendar
from idp.accounts.identifiers import find_account_id
from idp.accounts.lifecycle import place_lock
from idp.accounts.representation import wards_of
from idp.accounts.standing import read_standing
from idp.enrolment import dossiers
from idp.registry.person import RegisteredCard, Representative
from tests.cards.people import AN
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.chip.people import PASSWORD, create_citizen
from tests.integration.desk.counter import (
    card_of,
    dossier_of,
    events,
    open_desk,
    ready,
    register,
    registered,
)
from tests.integration.test_staff_review import press, reviewer, take

CHILD = replace(AN, number="999218000777", given_name="Bi", birth_date="2018-03-04")
EMILE = replace(
    AN,
    number="999085000123",
    family_name="",
    middle_name="",
    given_name="Émile Durand",
    birth_date="1985",
)


def days(dossier) -> int:
    """Return how many working days a dossier has."""
    last = (dossier.due_at - timedelta(seconds=1)).astimezone(HANOI).date()
    first = dossier.submitted_at.astimezone(HANOI).date()
    calendar = Calendar()
    return sum(
        calendar.is_working_day(first + timedelta(days=count))
        for count in range(1, (last - first).days + 1)
    )


def code_sent(provider, phone: str) -> str:
    """Return the newest code that went to a phone."""
    return re.findall(r"\b\d{6}\b", provider.messages.list(phone)[0].text)[0]


def papers(desk, person, path: str, **typed: str):
    desk.begin(person.number, path)
    name = " ".join(
        part
        for part in (person.family_name, person.middle_name, person.given_name)
        if part
    )
    day = "/".join(reversed(person.birth_date.split("-")))
    return desk.press("/papers", name=name, birth_date=day, **typed)


def passport(**changes: str) -> dict[str, str]:
    until = clock.now() + timedelta(days=400)
    return {
        "type": "passport",
        "paper": "21FV12345",
        "issuer": "Préfecture de Paris",
        "issued_on": "01/02/2021",
        "expires_on": until.strftime("%d/%m/%Y"),
    } | changes


def test_without_a_card_it_takes_seven_days(app, provider) -> None:
    """Registry, face and fingers agree, and yet another officer decides."""
    card = RegisteredCard("expired", "2010-01-01", "2025-01-01")
    register(provider, registered(birth_date="1999", card=card))
    desk = open_desk(app, provider)
    page = papers(desk, replace(AN, birth_date="1999"), "no_card")
    assert desk.step == "registry", page.text
    desk.press("/registry")
    desk.prove()

    page = desk.finish()

    dossier = dossier_of(provider)
    assert (dossier.state, dossier.kind, days(dossier)) == (
        "submitted",
        "level2_no_card",
        7,
    )
    assert "/receipts/" in page.request.path


@pytest.mark.parametrize(
    ("fingers", "kind", "term"),
    [("match", "level2_foreigner", 3), ("not_held", "level2_foreigner_unknown", 7)],
)
def test_a_foreigner_waits_three_days_or_seven(
    app, provider, fingers, kind, term
) -> None:
    """Three if face and fingerprints are held already, else seven."""
    register(provider, registered(EMILE, nationality="FR", card=None))
    desk = open_desk(app, provider)
    papers(desk, EMILE, "foreigner", **passport())
    desk.press("/registry")
    desk.prove(fingers=fingers)

    desk.finish()

    dossier = dossier_of(provider, EMILE.number)
    assert (dossier.state, dossier.kind, days(dossier)) == ("submitted", kind, term)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": ""},
        {"paper": ""},
        {"issuer": " "},
        {"issued_on": "2021"},
        {"expires_on": "31/12/2020"},
        {"expires_on": "soon"},
    ],
)
def test_a_foreigners_paper_is_whole_and_holds(app, provider, wrong) -> None:
    """What is missing or has expired is said at its field."""
    desk = open_desk(app, provider)

    page = papers(desk, EMILE, "foreigner", **passport(**wrong))

    assert (desk.step, page.status_code) == ("papers", 422)


def test_citizens_are_no_foreigners(app, provider) -> None:
    """A passport is not a way around the citizen's own path."""
    register(provider, registered())
    desk = open_desk(app, provider)

    page = papers(desk, AN, "foreigner", **passport())

    assert error_code(page) == "DD-DESK-010"


@pytest.fixture
def parent(provider):
    """Return the child's mother, with an account of level 2."""
    person = replace(AN, number="999190000111", given_name="Hoa", sex="F")
    return create_citizen(provider, person, phone="+84912340001")


def child(provider, parent, **changes) -> None:
    """Register the child, with the mother as representative."""
    mother = Representative(parent.person.number, "Nguyễn Văn Hoa", "mother")
    values = {"card": None, "representatives": (mother,)} | changes
    register(provider, registered(CHILD, **values))


def to_representative(app, provider):
    desk = open_desk(app, provider)
    papers(desk, CHILD, "no_card")
    desk.press("/registry")
    assert desk.step == "representative", desk.page.text
    return desk


def test_a_child_comes_with_its_mother(app, provider, parent) -> None:
    """A code to her own phone shows that she is there; she may act for the child."""
    child(provider, parent)
    desk = to_representative(app, provider)
    page = desk.press("/representative", representative="0")
    assert "Read the representative" in page.text or "Đọc thẻ" in page.text
    desk.press("/representative/send")
    wrong = desk.press("/representative/code", otp="000000")
    assert error_code(wrong) == "DD-AUTH-003"
    code = code_sent(provider, "+84912340001")

    desk.press("/representative/code", otp=code)
    desk.prove()
    desk.finish(phone="")

    dossier = dossier_of(provider, CHILD.number)
    assert dossier.kind == "level2_no_card"
    assert dossier.filed_by == parent.id
    with provider.database.transaction() as session:
        assert wards_of(session, parent.id, now=clock.now()) == [], "not decided yet"
        dossiers.grant(provider, session, dossier.id, by="other", now=clock.now())
    with provider.database.read() as connection:
        wards = wards_of(connection, parent.id, now=clock.now())
        known = contacts.read_contacts(connection, provider.sealer, dossier.account_id)
    assert [ward.account_id for ward in wards] == [dossier.account_id]
    assert known.phone is None


def test_a_mothers_card_shows_that_she_is_there(app, provider, parent) -> None:
    """Her own card only: another one is refused."""
    child(provider, parent)
    ready(provider)
    desk = to_representative(app, provider)
    desk.press("/representative", representative="0")
    desk.press("/representative/card")
    page = desk.at_reader(card_of(replace(AN, number=f"001{parent.person.number[3:]}")))
    assert error_code(page) == "DD-DESK-002"
    desk.press("/representative/card")

    desk.at_reader(card_of(parent.person))

    assert desk.step == "proof"
    assert "OfficerLookedUp" in events(provider, parent.id)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"level": 1}, "DD-DESK-016"), ({"state": "granted"}, "DD-DESK-016")],
)
def test_a_representative_has_level_2(app, provider, changes, code) -> None:
    """Without an active account of level 2 nobody answers for anybody."""
    person = replace(AN, number="999190000111", given_name="Hoa", sex="F")
    child(provider, create_citizen(provider, person, **changes))
    desk = to_representative(app, provider)

    assert error_code(desk.press("/representative", representative="0")) == code
    assert desk.press("/representative", representative="7").status_code == 422


def test_nobody_may_answer_for_this_child(app, provider, parent) -> None:
    """Only whom the registry names; and an officer answers for no child of theirs."""
    child(provider, parent, representatives=())
    assert error_code(to_representative(app, provider).page) == "DD-DESK-018"

    child(provider, parent)
    desk = open_desk(app, provider, number="999190000111")
    assert error_code(papers(desk, CHILD, "no_card")) == "DD-DESK-012"


def test_a_small_child_has_no_level_2(app, provider, parent) -> None:
    """Below six years there is level 1 only (Decree 69/2024 art. 7)."""
    year = clock.now().year - 3
    child(provider, parent, birth_date=f"{year}-01-02")
    desk = open_desk(app, provider)

    page = papers(desk, replace(CHILD, birth_date=f"{year}-01-02"), "no_card")

    assert error_code(page) == "DD-DESK-011"


@pytest.fixture
def member(provider):
    """Return somebody with an active account of level 1."""
    return create_citizen(provider, level=1, phone="+84912345671")


def test_level_1_is_raised_and_stays_the_same_account(app, provider, member) -> None:
    """Portals see the same subject, ask for no consent again, and see level 2."""
    portal = Portal.register(provider, "library", scope="openid")
    browser = Browser(app.test_client())
    page = browser.visit(portal.url(scope="openid"))
    page = browser.submit(personal_number=AN.number, password=PASSWORD)
    if at(page) == "consent":
        page = browser.submit(decision="allow")
    before = portal.redeem(browser.client, answer(page)["code"])["claims"]
    desk = open_desk(app, provider)

    page = desk.enrol(ready(provider))

    dossier = dossier_of(provider)
    assert (dossier.state, dossier.kind) == ("granted", "level2_upgrade")
    assert dossier.account_id == member.id
    after = portal.round(browser, scope="openid")["claims"]
    assert after["sub"] == before["sub"]
    assert (before["account_level"], after["account_level"]) == (1, 2)
    provider.courier.wait()
    with provider.database.read() as connection:
        assert read_standing(connection, member.id).level == 2


def test_a_raised_account_gets_its_new_phone_and_the_old_one_is_told(
    app, provider, member
) -> None:
    """The former number hears of both; codes to the new one are held back."""
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(ready(provider))
    desk.press("/registry")
    desk.prove()

    desk.finish(phone="0912345672")

    provider.courier.wait()
    with provider.database.read() as connection:
        known = contacts.read_contacts(connection, provider.sealer, member.id)
    assert known.phone == "+84912345672"
    told = [message.text for message in provider.messages.list("+84912345671")]
    assert any("muc 2" in text for text in told), told


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"level": 2}, "DD-DESK-013"),
        ({"level": 1, "state": "submitted"}, "DD-DESK-014"),
    ],
)
def test_who_has_it_already_or_waits_gets_no_second_one(
    app, provider, changes, code
) -> None:
    """One person, one account, one open application."""
    create_citizen(provider, **changes)
    desk = open_desk(app, provider)
    desk.begin()

    assert error_code(desk.read_card(ready(provider))) == code


def test_a_locked_account_is_not_raised(app, provider, member) -> None:
    """The lock's ground has to end first."""
    with provider.database.transaction() as session:
        place_lock(
            session,
            provider.audit,
            member.id,
            ground="terms_breach",
            asker="agency",
            now=clock.now(),
        )
    desk = open_desk(app, provider)
    desk.begin()

    assert error_code(desk.read_card(ready(provider))) == "DD-DESK-015"


def test_contacts_come_with_the_grant_whoever_decides(app, provider, member) -> None:
    """A queued upgrade keeps what was typed; the former phone is told, codes wait."""
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(ready(provider))
    desk.press("/registry")
    desk.prove(fingers="not_held")
    desk.finish(phone="0912345672", email="moi@dinhdanh.test")
    dossier = dossier_of(provider)

    def known():
        with provider.database.read() as connection:
            return contacts.read_contacts(connection, provider.sealer, member.id)

    assert (known().phone, known().email) == ("+84912345671", None)

    browser = reviewer(app, provider, name="Trần Văn Duyệt")
    take(browser, dossier.id)
    press(browser, dossier.id, decision="grant")

    assert known().phone == "+84912345672"
    assert (known().email, known().email_verified) == ("moi@dinhdanh.test", False)
    provider.courier.wait()
    told = [one.text for one in provider.messages.list("+84912345671")]
    assert any("vua duoc doi" in text for text in told), told
    told = [one.text for one in provider.messages.list("+84912345672")]
    assert any("len muc 2" in text for text in told), told


def test_what_its_holder_changed_meanwhile_stays(app, provider, member) -> None:
    """The holder's own change is newer than the dossier."""
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(ready(provider))
    desk.press("/registry")
    desk.prove(fingers="not_held")
    desk.finish(phone="0912345672")
    dossier, stores = dossier_of(provider), (provider.audit, provider.sealer, member.id)
    with provider.database.transaction() as session:
        contacts.change_phone(session, *stores, "+84912345679", now=clock.now())

    browser = reviewer(app, provider, name="Trần Văn Duyệt")
    take(browser, dossier.id)
    press(browser, dossier.id, decision="grant")

    with provider.database.read() as connection:
        known = contacts.read_contacts(connection, provider.sealer, member.id)
        assert read_standing(connection, member.id).level == 2
    assert known.phone == "+84912345679"


def test_what_another_officer_grants_is_raised_then(app, provider, member) -> None:
    """A queued upgrade keeps level 1 until the decision."""
    desk = open_desk(app, provider)
    desk.begin()
    desk.read_card(ready(provider))
    desk.press("/registry")
    desk.prove(fingers="not_held")
    desk.finish(phone="")
    dossier = dossier_of(provider)
    with provider.database.read() as connection:
        assert read_standing(connection, member.id).level == 1
        assert find_account_id(connection, provider.sealer, AN.number) == member.id

    with provider.database.transaction() as session:
        dossiers.grant(provider, session, dossier.id, by="other", now=clock.now())

    with provider.database.read() as connection:
        assert read_standing(connection, member.id).level == 2
