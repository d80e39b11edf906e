"""Residence and household claims out of a registry record (Decree 154/2024).

Every address says its text, its codes since 1 July 2025, the district of before where
that is known, the code list and as of when. Other members of a household are masked.
"""

from typing import Any

from idp import clock
from idp.registry.person import RELATIONS, HouseholdMember, PersonRecord, Stay


def residence_claim(record: PersonRecord) -> dict[str, Any] | None:
    """Return `residence`: permanent, temporary with term, and present."""
    residence, as_of = record.residence, _time(record)
    if residence is None:
        return None
    stays = {
        "permanent": residence.permanent,
        "temporary": residence.temporary,
        "present": residence.present,
    }
    known = {kind: _stay(stay, as_of) for kind, stay in stays.items() if stay}
    return {**known, "as_of": as_of} if known else None


def address_claim(record: PersonRecord) -> dict[str, str] | None:
    """Return the standard `address` (OIDC Core §5.1.1) of the permanent residence."""
    residence = record.residence
    if residence is None:
        return None
    stay = residence.permanent or residence.present or residence.temporary
    if stay is None:
        return None
    address = stay.address
    parts = {
        "formatted": address.text,
        "street_address": address.detail,
        "locality": address.commune,
        "region": address.province,
        "country": address.country,
    }
    return {name: text for name, text in parts.items() if text}


def household_claim(record: PersonRecord, *, own_name: str) -> dict[str, Any] | None:
    """Return `household`: the person's own entry, the head and the relation."""
    household = record.household
    if household is None:
        return None
    return {
        "own": {"name": own_name, **_relation(household.relation)},
        "head": {
            "name": own_name if household.is_head else household.head_name,
            "is_self": household.is_head,
        },
        **_relation(household.relation),
        "as_of": _time(record),
    }


def household_members_claim(record: PersonRecord) -> list[dict[str, str]] | None:
    """Return the other members, masked: enough to recognise whom one knows."""
    household = record.household
    if household is None:
        return None
    return [_member(member) for member in household.members]


def masked_name(name: str) -> str:
    """Keep the family name and initials."""
    family, *others = name.split()
    return " ".join((family, *(f"{part[0]}." for part in others)))


def masked_number(number: str) -> str:
    """Keep the last three digits."""
    return "*" * (len(number) - 3) + number[-3:]


def _member(member: HouseholdMember) -> dict[str, str]:
    value = {"name": masked_name(member.name), **_relation(member.relation)}
    if member.number:
        value["personal_number"] = masked_number(member.number)
    return value


def _relation(code: str) -> dict[str, str]:
    return {"relation": code, "relation_text": RELATIONS[code][0]}


def _stay(stay: Stay, as_of: str) -> dict[str, Any]:
    address = stay.address
    value = {
        "text": address.text,
        "street_address": address.detail,
        "province_code": address.province_code,
        "province": address.province,
        "commune_code": address.commune_code,
        "commune": address.commune,
        "legacy_district_code": address.district_code,
        "legacy_district": address.district,
        "country": address.country,
        "code_list": address.code_list,
        "since": stay.since.isoformat() if stay.since else None,
        "until": stay.until.isoformat() if stay.until else None,
        "as_of": as_of,
    }
    return {name: item for name, item in value.items() if item}


def _time(record: PersonRecord) -> str:
    moment = clock.from_timestamp(clock.timestamp(record.as_of))
    return moment.isoformat().replace("+00:00", "Z")
