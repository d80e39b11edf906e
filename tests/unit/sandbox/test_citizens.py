"""The sandbox's people: every outcome, nobody real."""

import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from idp.accounts.contacts import parse_phone
from idp.accounts.identifiers import SANDBOX_PREFIX, birth_year, parse_personal_number
from idp.factors.password import MIN_LENGTH
from idp.sandbox.citizens import all_citizens, registered

CITIZENS = all_citizens()
BY_NAME = {citizen.account.identity.given_name: citizen for citizen in CITIZENS}


def numbers():
    """Return every personal number that the sandbox mentions."""
    for citizen in CITIZENS:
        yield citizen.account.number
        if citizen.record.household:
            for member in citizen.record.household.members:
                yield member.number


def test_nobody_can_be_real():
    """Numbers, phones and addresses that nobody can have been given."""
    now = datetime(2026, 11, 21, tzinfo=UTC)
    for number in numbers():
        assert number.startswith(SANDBOX_PREFIX)
        assert parse_personal_number(number, sandbox=True, now=now) == number
    for citizen in CITIZENS:
        phone, email = citizen.account.phone, citizen.account.email
        assert phone is None or re.fullmatch(r"\+8450000\d{4}", phone)
        assert phone is None or parse_phone(phone) == phone
        assert email is None or email.endswith(".test")


@pytest.mark.parametrize("citizen", CITIZENS, ids=lambda c: c.account.number)
def test_each_person_is_consistent(citizen):
    """The number tells century, sex and year; texts exist in both languages."""
    identity, number = citizen.account.identity, citizen.account.number
    assert str(birth_year(number)) == identity.birth_date[:4]
    assert (int(number[3]) % 2 == 1) == (identity.gender == "female")
    assert set(citizen.story) == {"vi", "en"}
    assert len(citizen.password) >= MIN_LENGTH
    assert re.fullmatch(r"[a-z-]+", citizen.password)
    assert citizen.totp_secret is None or len(citizen.totp_secret) == 32
    assert not citizen.has_sms or citizen.account.phone


def test_numbers_phones_passwords_and_seeds_are_their_own():
    """Nothing is shared between two people."""
    accounts = [citizen.account for citizen in CITIZENS]
    for values in (
        [account.number for account in accounts],
        [account.phone for account in accounts if account.phone],
        [citizen.password for citizen in CITIZENS],
        [citizen.totp_secret for citizen in CITIZENS if citizen.totp_secret],
    ):
        assert len(set(values)) == len(values)


def test_every_outcome_has_someone():
    """The list of the sandbox's promises, one by one."""
    standing = Counter(
        (c.account.level, c.account.state, c.lock and c.lock["ground"])
        for c in CITIZENS
    )
    for expected in (
        (1, "active", None), (2, "active", None), (2, "granted", None),
        (1, "submitted", None), (2, "in_review", None),
        (2, "active", "holder_request"), (2, "active", "card_expired"),
    ):  # fmt: skip
        assert standing[expected]
    password_only = Counter(
        c.account.level
        for c in CITIZENS
        if c.account.state == "active" and not (c.lock or c.totp_secret or c.has_sms)
    )
    assert sum(password_only.values()) >= 4
    assert set(password_only) == {1, 2}
    assert any(c.totp_secret and c.account.level == 2 for c in CITIZENS)
    assert any(c.has_sms and not c.totp_secret and not c.lock for c in CITIZENS)


def test_the_stories_are_true():
    """Year-only birth, six in a household, a moved house, a long name, a foreigner."""
    assert BY_NAME["Sen"].account.identity.birth_date == "1945"
    household = BY_NAME["Khải"].record.household
    assert household.is_head
    assert len(household.members) == 5
    moved = BY_NAME["Tuấn"].record.residence
    assert moved.permanent.address.district is None
    assert moved.temporary.address.district == "Thành phố Hải Dương"
    assert BY_NAME["Yến"].record.residence is None
    foreigner = BY_NAME["Antoine"].account.identity
    assert (foreigner.nationality, foreigner.document.type) == ("FR", "passport")
    longest = max(CITIZENS, key=lambda c: len(c.account.identity.full_name))
    assert longest.account.identity.ethnicity == "Ê Đê"
    assert len(longest.account.identity.full_name) > 40
    wards = BY_NAME["Phương"].record.household
    assert [member.relation for member in wards.members] == ["child"] * 3


def test_every_household_is_told_alike_by_its_members():
    """Whoever has an account sees the same head and the same other people."""
    for citizen in CITIZENS:
        household = citizen.record.household
        if household is None:
            continue
        name = citizen.account.identity.full_name
        assert (household.head_name == name) == household.is_head
        assert citizen.account.number not in {m.number for m in household.members}
        for other in CITIZENS:
            theirs = other.record.household
            if theirs and theirs.file_number == household.file_number:
                assert theirs.head_name == household.head_name
                assert len(theirs.members) == len(household.members)


def test_addresses_have_codes_of_the_two_level_division():
    """Two digits for the province, five for the commune, three for an old district."""
    for citizen in CITIZENS:
        residence = citizen.record.residence
        if residence is None:
            continue
        for stay in (residence.permanent, residence.temporary, residence.present):
            if stay is None:
                continue
            address = stay.address
            assert re.fullmatch(r"\d{2}", address.province_code)
            assert re.fullmatch(r"\d{5}", address.commune_code)
            assert address.text.endswith(f"{address.commune}, {address.province}")
            assert address.district is None or re.fullmatch(
                r"\d{3}", address.district_code
            )


def test_whoever_has_no_account_yet_has_a_mother_with_one():
    """The children of the registry can be enrolled by a citizen of the sandbox."""
    for record in registered():
        child = record.person
        (mother,) = child.representatives
        (citizen,) = [c for c in CITIZENS if c.account.number == mother.number]

        assert child.number not in {c.account.number for c in CITIZENS}
        assert str(birth_year(child.number)) == child.birth_date[:4]
        assert citizen.account.level == 2
        assert mother.name == citizen.account.identity.full_name
        assert record.household.file_number == citizen.record.household.file_number
