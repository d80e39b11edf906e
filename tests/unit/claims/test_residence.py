"""Residence and household claims as portals need them."""

from dataclasses import replace

import pytest

from idp.claims.residence import (
    address_claim,
    household_claim,
    household_members_claim,
    masked_name,
    masked_number,
    residence_claim,
)
from idp.registry.person import PersonRecord, Residence, Stay
from tests.unit.registry.records import AS_OF, LODGING, RECORD


def test_residence_tells_each_stay():
    """Text, codes since 1 July 2025, the former district, code list, as of when."""
    claim = residence_claim(RECORD)

    assert claim["permanent"] == {
        "text": "12 phố Thử Nghiệm, phường Ba Đình, thành phố Hà Nội",
        "street_address": "12 phố Thử Nghiệm",
        "province_code": "01",
        "province": "Thành phố Hà Nội",
        "commune_code": "00004",
        "commune": "Phường Ba Đình",
        "legacy_district_code": "001",
        "legacy_district": "Quận Ba Đình",
        "country": "VN",
        "code_list": "QĐ 19/2025/QĐ-TTg",
        "since": "2015-03-02",
        "as_of": "2026-10-01T03:04:05Z",
    }
    assert claim["temporary"]["until"] == "2027-12-31"
    assert "legacy_district" not in claim["present"]
    assert claim["as_of"] == "2026-10-01T03:04:05Z"


def test_the_standard_address_is_the_permanent_one():
    """OIDC Core §5.1.1 members; the present one where no permanent one is known."""
    assert address_claim(RECORD) == {
        "formatted": "12 phố Thử Nghiệm, phường Ba Đình, thành phố Hà Nội",
        "street_address": "12 phố Thử Nghiệm",
        "locality": "Phường Ba Đình",
        "region": "Thành phố Hà Nội",
        "country": "VN",
    }
    lodger = replace(RECORD, residence=Residence(present=Stay(LODGING)))
    assert address_claim(lodger)["formatted"] == LODGING.text


@pytest.mark.parametrize("residence", [None, Residence()])
def test_without_a_residence_there_is_no_claim(residence):
    """Nothing known is nothing said."""
    record = PersonRecord(as_of=AS_OF, residence=residence)

    assert residence_claim(record) is None
    assert address_claim(record) is None
    assert household_claim(record, own_name="Trần Thử") is None
    assert household_members_claim(record) is None


def test_household_tells_the_own_entry_head_and_relation():
    """The residence file's number, a key that links people, stays inside."""
    claim = household_claim(RECORD, own_name="Trần Thử")

    assert claim == {
        "own": {"name": "Trần Thử", "relation": "child", "relation_text": "Con"},
        "head": {"name": "Trần Thị Chủ Hộ", "is_self": False},
        "relation": "child",
        "relation_text": "Con",
        "as_of": "2026-10-01T03:04:05Z",
    }
    assert "HN-0001" not in str(claim)


def test_the_head_is_oneself():
    """A head of a household needs no second name."""
    household = replace(RECORD.household, relation="head", head_name="")
    claim = household_claim(replace(RECORD, household=household), own_name="Trần Thử")

    assert claim["head"] == {"name": "Trần Thử", "is_self": True}


def test_other_members_are_masked():
    """Family name and initials, three digits of the number."""
    assert household_members_claim(RECORD) == [
        {
            "name": "Trần T. C. H.",
            "relation": "head",
            "relation_text": "Chủ hộ",
            "personal_number": "*********111",
        },
        {"name": "Trần B.", "relation": "grandchild", "relation_text": "Cháu ruột"},
    ]


@pytest.mark.parametrize(
    ("name", "masked"),
    [("Y", "Y"), ("H'Hen Niê", "H'Hen N."), ("Nguyễn Văn A", "Nguyễn V. A.")],
)
def test_names_are_masked(name, masked):
    """Also a single name and one of an ethnic minority."""
    assert masked_name(name) == masked
    assert masked_number("001") == "001"
