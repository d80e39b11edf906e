"""Level 2 in person, decided purely: what is scanned, what agrees, who decides."""

from datetime import UTC, date, datetime

import pytest

from idp.config import EnrolmentConfig
from idp.enrolment import in_person
from idp.enrolment.in_person_scan import read_scan
from idp.registry.person import RegisteredCard, RegisteredPerson, Representative

TODAY = date(2026, 11, 22)
CONFIG = EnrolmentConfig()
HOLDER = {
    "number": "999099012345",
    "name": "NGUYEN VAN AN",
    "birth_date": "1999-01-01",
    "sex": "male",
    "nationality": "VN",
    "issued_on": "2024-01-01",
    "expires_on": "2039-01-01",
}


def person(**changes) -> RegisteredPerson:
    values = {
        "number": "999099012345",
        "family_name": "Nguyễn",
        "middle_name": "Văn",
        "given_name": "An",
        "birth_date": "1999-01-01",
        "gender": "male",
        "card": RegisteredCard("valid", "2024-01-01", "2039-01-01"),
    }
    return RegisteredPerson(**(values | changes))


@pytest.mark.parametrize(
    ("text", "number", "name", "birth_date"),
    [
        ("999 099 012 345", "999 099 012 345", "", ""),
        ("1|2|An|01021999|Nam|Hà Nội|01012024", "1", "An", "1999-02-01"),
        ("1||An|1950|Nam|Hà Nội|01012024", "1", "An", "1950"),
        ("1||An|31021999|", "1", "An", ""),
        ("1|2|3", "1|2|3", "", ""),
    ],
)
def test_a_scan_is_a_code_or_a_number(text, number, name, birth_date) -> None:
    """Whatever has not the code's parts is taken as a number, to be refused later."""
    scanned = read_scan(text)

    assert scanned.unverified_number == number
    assert (scanned.name, scanned.birth_date) == (name, birth_date)
    assert "An" not in repr(scanned)


def test_names_agree_without_accents_and_numbers_by_history() -> None:
    """Only what differs in substance is marked."""
    known = person(number="999099099999", former_numbers=("999099012345",))

    assert all(row.agrees for row in in_person.compare(HOLDER, known))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"given_name": "Anh"}, "name"),
        ({"birth_date": "1999-01-02"}, "birth_date"),
        ({"gender": "female"}, "gender"),
        ({"nationality": "LA"}, "nationality"),
        ({"number": "999099099999"}, "number"),
        ({"card": RegisteredCard("valid", "2023-01-01", "2039-01-01")}, "issued_on"),
        ({"card": RegisteredCard("valid", "2024-01-01", None)}, "expires_on"),
    ],
)
def test_each_field_is_compared(changes, field) -> None:
    """One difference is one row, and another officer decides."""
    compared = in_person.compare(HOLDER, person(**changes))

    assert [row.field for row in compared if not row.agrees] == [field]
    reasons = in_person.reasons_to_wait(
        "card",
        compared,
        face="match",
        fingers="match",
        is_stale=False,
        is_phone_unsure=False,
    )
    assert reasons == ("differs",)


def test_every_doubt_is_named() -> None:
    """Nothing but full agreement by a chip is granted at once."""
    reasons = in_person.reasons_to_wait(
        "no_card",
        (),
        face="no_match",
        fingers="not_taken",
        is_stale=True,
        is_phone_unsure=True,
    )

    assert reasons == ("no_chip", "face", "fingers", "registry_stale", "phone_owner")


@pytest.mark.parametrize(
    ("birth_date", "needs"),
    [("2012-11-22", False), ("2012-11-23", True), ("2012", True), ("2011", False)],
)
def test_below_fourteen_a_representative_comes_along(birth_date, needs) -> None:
    """On the fourteenth birthday no more; of a year alone, when it is certain."""
    found = in_person.needs_representative(person(birth_date=birth_date), TODAY, CONFIG)

    assert found is needs


def test_wards_of_any_age_have_theirs() -> None:
    """A guardian in the registry is one; parents of a grown-up are not."""
    guardian = Representative("999000000001", "Lê Bình", "guardian")
    father = Representative("999000000001", "Lê Bình", "father")

    for named, needs in ((guardian, True), (father, False)):
        ward = person(representatives=(named,))
        assert in_person.needs_representative(ward, TODAY, CONFIG) is needs


@pytest.mark.parametrize(
    ("birth_date", "found"), [("2020-11-22", None), ("2020-11-23", "too_young")]
)
def test_level_2_begins_at_six(birth_date, found) -> None:
    """Decree 69/2024 art. 7."""
    told = in_person.obstacle(
        "no_card", person(birth_date=birth_date), None, today=TODAY, config=CONFIG
    )

    assert told == found


@pytest.mark.parametrize(
    ("path", "fingers", "is_child", "is_upgrade", "kind"),
    [
        ("card", "match", False, False, "level2"),
        ("card", "match", False, True, "level2_upgrade"),
        ("card", "match", True, True, "level2_child"),
        ("no_card", "match", True, True, "level2_no_card"),
        ("foreigner", "no_match", False, False, "level2_foreigner"),
        ("foreigner", "not_taken", False, False, "level2_foreigner_unknown"),
    ],
)
def test_the_kind_settles_the_term(path, fingers, is_child, is_upgrade, kind) -> None:
    """Decree 69/2024 art. 13."""
    found = in_person.kind_for(
        path, fingers=fingers, is_child=is_child, is_upgrade=is_upgrade
    )

    assert found == kind


def test_the_identity_is_the_registrys_with_the_paper_shown() -> None:
    """Law on Identification art. 33; the paper is the card's or the passport."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    papers = {
        "type": "passport",
        "number": "X1",
        "issued_on": "2021-01-01",
        "expires_on": "2031-01-01",
        "issuer": "Paris",
    }

    by_card = in_person.identity_for(
        "card", person(given_name="Ân"), holder=HOLDER, papers=None, now=now
    )
    by_passport = in_person.identity_for(
        "foreigner", person(), holder=None, papers=papers, now=now
    )

    assert by_card.full_name == "Nguyễn Văn Ân"
    assert by_card.document.type == "can_cuoc"
    assert by_passport.document.number == "X1"
