"""What the registry says of one person: identity, addresses, household, as of when.

The fields follow the Law on Identification art. 9 and the electronic household book
(Decree 154/2024) as far as they are needed; dates may be unknown, never guessed.
Addresses carry the two-level division in force since 1 July 2025 (Decision
19/2025/QD-TTg) and, where it is known, the district of before. A residence is never
derived from the digits of the personal number: those tell the place of birth
registration as it was coded then.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

CardState = Literal["valid", "expired", "revoked", "held"]
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
class RegisteredCard:
    """A person's newest card; foreigners have a residence card.

    `held` is one that an authority has taken for a time, `revoked` one that was
    withdrawn (Law on Identification art. 29); an elder's card never expires (art. 21).
    """

    state: CardState
    issued_on: str
    expires_on: str | None = None
    kind: Literal["identity", "residence"] = "identity"


@dataclass(frozen=True, slots=True)
class Representative:
    """Who acts for a child or ward (Law on Identification art. 9)."""

    number: str
    name: str
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredPerson:
    """Who a person is by the registry; a person with one name has it as `given_name`.

    `birth_date` is `YYYY` or `YYYY-MM-DD`, `nationality` ISO 3166-1 alpha-2.
    `former_numbers` are personal numbers that were cancelled or established anew.
    """

    number: str
    given_name: str
    birth_date: str
    gender: Literal["male", "female", "unknown"]
    family_name: str = ""
    middle_name: str = ""
    nationality: str = "VN"
    ethnicity: str | None = None
    place_of_origin: str | None = None
    status: Literal["alive", "dead", "number_cancelled"] = "alive"
    former_numbers: tuple[str, ...] = ()
    card: RegisteredCard | None = None
    representatives: tuple[Representative, ...] = ()

    @property
    def full_name(self) -> str:
        """Return the name in Vietnamese order: họ, chữ đệm, tên."""
        parts = (self.family_name, self.middle_name, self.given_name)
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """The registry's answer about one person; every part may be missing.

    `is_stale` marks an earlier answer that is told because the registry is down; its
    `as_of` is the day of then.
    """

    as_of: datetime
    residence: Residence | None = None
    household: Household | None = None
    person: RegisteredPerson | None = None
    is_stale: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return JSON values; staleness is no part of what was answered."""
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
            "person": asdict(self.person) if self.person else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PersonRecord":
        """Rebuild what `to_json` wrote."""
        residence, household = value["residence"], value["household"]
        person = value.get("person")
        return cls(
            as_of=datetime.fromisoformat(value["as_of"]),
            residence=_residence(residence) if residence else None,
            household=_household(household) if household else None,
            person=_person(person) if person else None,
        )


def _residence(value: Mapping[str, Any]) -> Residence:
    stays = {
        kind: Stay.from_json(stay) if stay else None for kind, stay in value.items()
    }
    return Residence(**stays)


def _household(value: Mapping[str, Any]) -> Household:
    members = tuple(HouseholdMember(**member) for member in value["members"])
    return Household(**{**value, "members": members})


def _person(value: Mapping[str, Any]) -> RegisteredPerson:
    card = value["card"]
    return RegisteredPerson(
        **{
            **value,
            "former_numbers": tuple(value["former_numbers"]),
            "card": RegisteredCard(**card) if card else None,
            "representatives": tuple(
                Representative(**item) for item in value["representatives"]
            ),
        }
    )
