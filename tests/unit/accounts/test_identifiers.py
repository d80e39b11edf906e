"""The personal number's parser, its history, and pairwise subjects."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.identifiers import (
    COUNTRY_CODES,
    PROVINCE_CODES,
    SANDBOX_PREFIX,
    InvalidPersonalNumberError,
    NumberTakenError,
    birth_year,
    current_number,
    find_account_id,
    mask_number,
    numbers_of,
    parse_personal_number,
    replace_number,
    subject_for,
)
from idp.errors import NotFoundError
from tests.unit.world import NOW, on_each_backend

SEPARATORS = (" ", ".", "-", "\u00a0", "\u2009", "\u2011", "\u2013", "\u200b", "  ", "")


def digits(count):
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def issued_numbers(draw):
    """Draw a number that could have been issued by 2026."""
    place = draw(st.sampled_from(sorted(PROVINCE_CODES | COUNTRY_CODES)))
    year = draw(st.integers(1900, NOW.year))
    century = (year - 1900) // 100 * 2 + draw(st.integers(0, 1))
    return f"{place}{century}{year % 100:02}{draw(digits(6))}"


@given(issued_numbers(), st.data())
def test_any_grouping_is_read(number, data):
    """Separators between digits change nothing, full-width digits are digits."""
    gaps = data.draw(st.lists(st.sampled_from(SEPARATORS), min_size=13, max_size=13))
    text = "".join(gap + digit for gap, digit in zip(gaps, [*number, ""], strict=True))
    if data.draw(st.booleans()):
        text = text.translate({ord(str(d)): 0xFF10 + d for d in range(10)})

    assert parse_personal_number(text, sandbox=False, now=NOW) == number


@given(st.text(max_size=80))
def test_no_text_breaks_the_parser(text):
    """Whatever comes in, twelve ASCII digits or the one refusal come out."""
    try:
        number = parse_personal_number(text, sandbox=True, now=NOW)
    except InvalidPersonalNumberError:
        return
    assert number.isascii()
    assert number.isdigit()
    assert len(number) == 12


@given(digits(12))
def test_only_known_places_and_past_years_pass(number):
    """The first three digits are a listed code and the birth year is no future one."""
    place, year = number[:3], birth_year(number)
    expected = place in PROVINCE_CODES | COUNTRY_CODES and year <= NOW.year
    try:
        passed = parse_personal_number(number, sandbox=False, now=NOW) == number
    except InvalidPersonalNumberError:
        passed = False
    assert passed == expected


def test_the_list_of_provinces_is_the_historical_one():
    """63 codes with gaps; merged provinces keep theirs."""
    assert len(PROVINCE_CODES) == 63
    assert {"001", "002", "030", "079", "096"} <= PROVINCE_CODES
    assert not {"000", "003", "097"} & PROVINCE_CODES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00108500000",
        "0010850000011",
        "00108500000a",
        "003085000001",
        "400085000001",
        "001227000001",
        "001485000001",
        "٠٠١٠٨٥٠٠٠٠٠١",
        "001085000001" + " " * 64,
        "+001085000001",
    ],
)
def test_what_was_never_issued_is_refused(text):
    """Wrong lengths, letters, unassigned places, other scripts, future births."""
    with pytest.raises(InvalidPersonalNumberError) as refused:
        parse_personal_number(text, sandbox=True, now=NOW)
    assert refused.value.code == "DD-ACC-001"
    assert "085" not in refused.value.description


def test_sandbox_numbers_exist_only_in_a_sandbox():
    """The prefix is on no list and is refused wherever the sandbox is off."""
    number = f"{SANDBOX_PREFIX}085000003"
    assert SANDBOX_PREFIX not in PROVINCE_CODES | COUNTRY_CODES
    assert parse_personal_number(number, sandbox=True, now=NOW) == number
    with pytest.raises(InvalidPersonalNumberError):
        parse_personal_number(number, sandbox=False, now=NOW)


@pytest.mark.parametrize(
    ("number", "year"),
    [("001085000001", 1985), ("001185000001", 1985), ("001205000001", 2005),
     ("001399000001", 2099), ("001401000001", 2101), ("001900000001", 2300)],
)  # fmt: skip
def test_century_and_sex_share_a_digit(number, year):
    """0 and 1 are the 20th century, 2 and 3 the 21st, and so on."""
    assert birth_year(number) == year


def test_masking_keeps_three_digits():
    """Only the last three digits are readable."""
    assert mask_number("001085000321") == "••• ••• ••• 321"


@on_each_backend
def test_a_replaced_number_becomes_an_alias(world, account):
    """Both find the account, and the new one is the current one."""
    with world.database.transaction() as session:
        replace_number(
            session, world.audit, world.sealer, account.id, "001085777777", now=NOW
        )
    with world.database.read() as connection:
        old, new = account.number, "001085777777"
        assert current_number(connection, world.sealer, account.id) == new
        assert find_account_id(connection, world.sealer, new) == account.id
        assert find_account_id(connection, world.sealer, old) == account.id
        assert numbers_of(connection, world.sealer, account.id) == (new, old)
    assert world.events(account.id)[0] == "NumberReplaced"


@on_each_backend
def test_a_number_never_names_a_second_account(world, new_account):
    """Neither a valid nor a former number can be given to someone else."""
    first, second = new_account(), new_account()
    with world.database.transaction() as session:
        replace_number(
            session, world.audit, world.sealer, first.id, "001085777777", now=NOW
        )
    for taken in (first.number, "001085777777"):
        with (
            pytest.raises(NumberTakenError),
            world.database.transaction() as session,
        ):
            replace_number(
                session, world.audit, world.sealer, second.id, taken, now=NOW
            )
    with world.database.read() as connection:
        assert current_number(connection, world.sealer, second.id) == second.number


def test_no_account_has_no_number(world):
    """An unknown id is refused, not answered with nothing."""
    with world.database.read() as connection, pytest.raises(NotFoundError):
        current_number(connection, world.sealer, uuid4())
    with pytest.raises(NotFoundError), world.database.transaction() as session:
        replace_number(
            session, world.audit, world.sealer, uuid4(), "001085777777", now=NOW
        )


def test_numbers_are_sealed_at_rest(world, account):
    """Nothing in the row shows the number."""
    with world.database.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT number_sealed, number_index FROM personal_numbers"
        ).one()
    assert account.number.encode() not in bytes(row[0]) + bytes(row[1])


@on_each_backend
def test_subjects_differ_by_sector_and_stay(world, account):
    """One sector always gets the same subject, another one a different one."""
    with world.database.transaction() as session:
        first = subject_for(session, account.id, "portal.test")
    with world.database.transaction() as session:
        assert subject_for(session, account.id, "portal.test") == first
        assert subject_for(session, account.id, "bank.test") != first
    assert account.number not in first
    assert len(first) == 32


@on_each_backend
def test_parallel_first_calls_agree_on_one_subject(world, account):
    """Fifty callers that all come first get one and the same subject."""

    def ask(_turn):
        with world.database.transaction() as session:
            return subject_for(session, account.id, "portal.test")

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(50)))) == 1
