"""What the residence registry says of one person: addresses, household, and as of when.

The fields follow the electronic household book (Decree 154/2024) as far as portals need
them; dates may be unknown, never guessed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

CODE_LIST = "QĐ 19/2025/QĐ-TTg"
RELATIONS = {
    "head": ("Chủ hộ", "Head of household"),
    "spouse": ("Vợ, chồng", "Spouse"),
    "child": ("Con", "Child"),
    "parent": ("Cha, mẹ", "Parent"),
    "sibling": ("Anh, chị, em", "Sibling"),
    "grandparent": ("Ông, bà", "Grandparent"),
    "grandchild": ("Cháu ruột", "Grandchild"),
    "other_relative": ("Người thân khác", "Other relative"),
    "unrelated": ("Người ở nhờ, ở thuê", "Not related"),
}
"""Relation to the head of the household → (Vietnamese, English)."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address by text and by codes: province 2 digits, commune 5 digits."""

    text: str
    detail: str
    province_code: str
    province: str
    commune_code: str
    commune: str
    district_code: str | None = None
    district: str | None = None
    country: str = "VN"
    code_list: str = CODE_LIST


@dataclass(frozen=True, slots=True)
class Stay:
    """A registered stay at an address; `until` is the term of a temporary one."""

    address: Address
    since: date | None = None
    until: date | None = None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "address": asdict(self.address),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Stay":
        """Rebuild what `to_json` wrote."""
        since, until = value["since"], value["until"]
        return cls(
            address=Address(**value["address"]),
            since=date.fromisoformat(since) if since else None,
            until=date.fromisoformat(until) if until else None,
        )


@dataclass(frozen=True, slots=True)
class Residence:
    """Where a person is permanently, temporarily and at present resident."""

    permanent: Stay | None = None
    temporary: Stay | None = None
    present: Stay | None = None


@dataclass(frozen=True, slots=True)
class HouseholdMember:
    """Another member of the person's household; `relation` is to the head."""

    name: str
    relation: str
    number: str | None = None

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise ValueError(f"unknown relation: {self.relation}")


@dataclass(frozen=True, slots=True)
class Household:
    """A household as one member sees it; `relation` is that member's to the head."""

    file_number: str
    head_name: str
    relation: str
    members: tuple[HouseholdMember, ...] = ()

    def __post_init__(self) -> None:
        if self.relation not in RELATIONS:
            raise ValueError(f"unknown relation: {self.relation}")

    @property
    def is_head(self) -> bool:
        """Say whether the person is the head."""
        return self.relation == "head"


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """The registry's answer about one person; either part may be missing."""

    as_of: datetime
    residence: Residence | None = None
    household: Household | None = None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        residence = None
        if self.residence is not None:
            residence = {
                kind: stay.to_json() if stay else None
                for kind, stay in (
                    ("permanent", self.residence.permanent),
                    ("temporary", self.residence.temporary),
                    ("present", self.residence.present),
                )
            }
        return {
            "as_of": self.as_of.isoformat(),
            "residence": residence,
            "household": asdict(self.household) if self.household else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PersonRecord":
        """Rebuild what `to_json` wrote."""
        residence, household = value["residence"], value["household"]
        return cls(
            as_of=datetime.fromisoformat(value["as_of"]),
            residence=_residence(residence) if residence else None,
            household=_household(household) if household else None,
        )


def _residence(value: Mapping[str, Any]) -> Residence:
    stays = {
        kind: Stay.from_json(stay) if stay else None for kind, stay in value.items()
    }
    return Residence(**stays)


def _household(value: Mapping[str, Any]) -> Household:
    members = tuple(HouseholdMember(**member) for member in value["members"])
    return Household(**{**value, "members": members})
