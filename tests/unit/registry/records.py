"""Registry records of invented people."""

from dataclasses import replace
from datetime import UTC, date, datetime

from idp.registry.person import (
    Address,
    Household,
    HouseholdMember,
    PersonRecord,
    RegisteredCard,
    RegisteredPerson,
    Representative,
    Residence,
    Stay,
)
from idp.registry.port import Asker

ASKER = Asker("test", officer="officer", unit="unit")
AS_OF = datetime(2026, 10, 1, 3, 4, 5, tzinfo=UTC)

HOME = Address(
    text="12 phố Thử Nghiệm, phường Ba Đình, thành phố Hà Nội",
    detail="12 phố Thử Nghiệm",
    province_code="01",
    province="Thành phố Hà Nội",
    commune_code="00004",
    commune="Phường Ba Đình",
    district_code="001",
    district="Quận Ba Đình",
)
LODGING = Address(
    text="Phòng 3, nhà 9, phường Thử, tỉnh Thử",
    detail="Phòng 3, nhà 9",
    province_code="79",
    province="Thành phố Hồ Chí Minh",
    commune_code="26734",
    commune="Phường Sài Gòn",
)
RECORD = PersonRecord(
    as_of=AS_OF,
    residence=Residence(
        permanent=Stay(HOME, since=date(2015, 3, 2)),
        temporary=Stay(LODGING, since=date(2026, 1, 1), until=date(2027, 12, 31)),
        present=Stay(LODGING),
    ),
    household=Household(
        file_number="HN-0001",
        head_name="Trần Thị Chủ Hộ",
        relation="child",
        members=(
            HouseholdMember("Trần Thị Chủ Hộ", "head", "999185000111"),
            HouseholdMember("Trần Bé", "grandchild"),
        ),
    ),
    person=RegisteredPerson(
        number="001085000001",
        family_name="Trần",
        middle_name="Văn",
        given_name="Thử",
        birth_date="1985",
        gender="male",
        ethnicity="Kinh",
        place_of_origin="Hà Nội",
        former_numbers=("001085999999",),
        card=RegisteredCard("valid", "2024-07-15", "2045-01-01"),
        representatives=(Representative("999185000111", "Trần Thị Chủ Hộ", "mother"),),
    ),
)


def record_of(number: str) -> PersonRecord:
    """Return the record as the holder of another number would have it."""
    assert RECORD.person is not None
    return replace(RECORD, person=replace(RECORD.person, number=number))
