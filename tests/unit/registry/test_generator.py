"""Invented people: always the same, plausible, and nobody real."""

from collections import Counter
from datetime import UTC, date, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.contacts import parse_phone
from idp.accounts.identifiers import birth_year, parse_personal_number
from idp.errors import ConfigError
from idp.registry.dossiers import COLUMNS, dossiers
from idp.registry.generator import AS_OF, MAX_PEOPLE, TODAY, Population
from idp.registry.households import YEAR
from idp.registry.papers import anniversary, as_of, expiry
from idp.registry.person import RegisteredCard

EVERYONE = Population(MAX_PEOPLE, "test")
SOME = 4800
PEOPLE = list(EVERYONE.people(0, SOME))
BY_NUMBER = {record.person.number: record for record in PEOPLE}


def test_numbers_are_their_own_and_tell_sex_and_year():
    """Valid in the sandbox alone, as no place has the digits 999."""
    now = datetime(YEAR, 11, 1, tzinfo=UTC)
    assert len(BY_NUMBER) == SOME
    for number, record in BY_NUMBER.items():
        assert parse_personal_number(number, sandbox=True, now=now) == number
        assert number.startswith("999")
        assert str(birth_year(number)) == record.person.birth_date[:4]
        assert (int(number[3]) % 2 == 1) == (record.person.gender == "female")


@given(st.integers(0, MAX_PEOPLE - 1))
def test_anyone_of_ten_million_is_found_by_number(index):
    """Number and index are worked out from one another; nothing is stored."""
    number = EVERYONE.person(index).person.number

    assert EVERYONE.index_of(number) == index
    assert EVERYONE.owner_of(EVERYONE.phone(index)) == index
    assert parse_phone(EVERYONE.phone(index)) == EVERYONE.phone(index)


@given(st.from_regex(r"999[0-3]\d{8}", fullmatch=True))
def test_nobody_has_two_answers_for_one_number(number):
    """A number that nobody has finds nobody; one that is found is that person's."""
    index = EVERYONE.index_of(number)

    assert index is None or EVERYONE.person(index).person.number == number


def test_a_larger_population_has_the_same_people():
    """Growing changes nobody; another seed is another people."""
    assert list(Population(100, "test").people()) == PEOPLE[:100]
    assert Population(50, "test").index_of(PEOPLE[60].person.number) is None
    assert list(Population(40, "test").people(17, 99)) == PEOPLE[17:40]
    assert Population(100, "other").person(0) != PEOPLE[0]


@pytest.mark.parametrize("number", ["001085000001", "99908500000x", "999085000001"])
def test_numbers_of_others_are_nobodys(number):
    """Real prefixes, no numbers, and the sandbox's own citizens."""
    assert EVERYONE.index_of(number) is None


def test_phones_of_others_are_nobodys():
    """Other networks, other lengths."""
    for phone in ("+84500000001", "+845100000011", "+8451000000x"):
        assert EVERYONE.owner_of(phone) is None
    assert Population(5, "test").owner_of("+84510000005") is None


def test_sizes_are_bounded():
    """More people than phones are refused, and nobody beyond the size exists."""
    with pytest.raises(ConfigError, match="at most"):
        Population(MAX_PEOPLE + 1, "test")
    with pytest.raises(IndexError):
        Population(5, "test").person(5)


def test_households_are_told_alike_by_all_members():
    """One head, who leads for everyone; the others by name and number."""
    for record in PEOPLE[: SOME // 16 * 16]:
        household = record.household
        assert (household.head_name == record.person.full_name) or not household.is_head
        for member in household.members:
            other = BY_NUMBER[member.number]
            assert other.person.full_name == member.name
            assert other.household.relation == member.relation
            assert other.household.file_number == household.file_number
            assert other.residence.permanent == record.residence.permanent


def test_children_have_grown_up_representatives():
    """Everyone under 18 who lives with family, by a parent or the guardian."""
    relations = Counter()
    for record in PEOPLE:
        age = YEAR - int(record.person.birth_date[:4])
        for representative in record.person.representatives:
            relations[representative.relation] += 1
            adult = BY_NUMBER[representative.number].person
            assert age < 18
            assert age + 14 < YEAR - int(adult.birth_date[:4])
            assert adult.full_name == representative.name
        is_kept = record.household.relation in ("child", "grandchild")
        assert bool(record.person.representatives) == (is_kept and age < 18)
    assert set(relations) == {"father", "mother", "guardian"}


def test_there_is_someone_of_every_kind():
    """Peoples, single names, year-only births, cards of every state, lodgers."""
    kinds = Counter()
    for record in PEOPLE:
        person, stays = record.person, record.residence
        kinds[person.ethnicity] += 1
        kinds[person.card and person.card.state] += 1
        kinds[person.status] += 1
        kinds["single name"] += " " not in person.full_name
        kinds["year only"] += len(person.birth_date) == len("YYYY")
        kinds["foreigner"] += person.nationality != "VN"
        kinds["lodger"] += stays.temporary is not None
        kinds["old district"] += stays.permanent.address.district is not None
        kinds["new address"] += stays.permanent.address.district is None
    for kind in (
        "Kinh", "Mông", "Ê Đê", "Khmer", "valid", "expired", "revoked", "held", None,
        "dead", "single name", "year only", "foreigner", "lodger", "old district",
        "new address",
    ):  # fmt: skip
        assert kinds[kind], kind
    assert kinds["Kinh"] > 0.8 * SOME
    assert kinds["valid"] > 0.8 * SOME


def test_cards_are_as_the_law_says():
    """Everyone of 14 has one; its term ends at 14, 25, 40, 60 or never."""
    for record in PEOPLE:
        person = record.person
        if person.nationality != "VN" or len(person.birth_date) == len("YYYY"):
            continue
        birth = date.fromisoformat(person.birth_date)
        if anniversary(birth, 14) <= TODAY:
            assert person.card
        if person.card:
            issued = date.fromisoformat(person.card.issued_on)
            ends = expiry(birth, issued)
            assert person.card.expires_on == (ends.isoformat() if ends else None)
            assert birth <= issued <= TODAY


@pytest.mark.parametrize(
    ("birth", "issued", "ends"),
    [
        (date(2018, 2, 1), date(2025, 1, 1), date(2032, 2, 1)),
        (date(2011, 2, 1), date(2025, 1, 31), date(2025, 2, 1)),
        (date(2011, 2, 1), date(2025, 2, 1), date(2036, 2, 1)),
        (date(2000, 2, 29), date(2023, 2, 28), date(2025, 3, 1)),
        (date(2000, 2, 29), date(2023, 3, 1), date(2040, 2, 29)),
        (date(1966, 5, 5), date(2024, 5, 5), None),
    ],
)
def test_a_new_card_within_two_years_reaches_the_next_age(birth, issued, ends):
    """Law on Identification art. 21; a child's card ends at 14 whatever happens."""
    assert expiry(birth, issued) == ends


def test_a_card_runs_out_by_itself():
    """On the day; one that was taken away stays taken away."""
    card = RegisteredCard("valid", "2021-05-01", "2026-10-02")

    assert as_of(card, date(2026, 10, 1)).state == "valid"
    assert as_of(card, date(2026, 10, 2)).state == "expired"
    held = RegisteredCard("held", "2021-05-01", "2026-10-02")
    assert as_of(held, date(2027, 1, 1)) == held


def test_dossiers_are_of_people_who_may_apply():
    """Alive, with a card, 14 or with a representative; every value once."""
    rows = list(islice(dossiers(EVERYONE), 2000))

    for row in rows:
        assert tuple(row) == COLUMNS
        person = BY_NUMBER[row["personal_number"]].person
        age = YEAR - int(person.birth_date[:4])
        assert person.status == "alive"
        assert person.card
        assert (age < 15) == (row["representative_number"] is not None)
        assert (row["phone"] is None) == (age < 15)
        assert datetime.fromisoformat(row["submitted_at"]) < AS_OF
    for column in ("external_id", "personal_number", "phone", "email"):
        values = [row[column] for row in rows if row[column]]
        assert len(set(values)) == len(values)
    assert {row["level"] for row in rows} == {1, 2}
