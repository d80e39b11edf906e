"""The synthetic citizens as `citizens.toml` tells them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from idp.accounts.identity import Identity, parse_identity
from idp.accounts.lifecycle import NewAccount, State
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

_CARD_ISSUER = "Bộ Công an"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """One person of the sandbox: the account, its factors, the registry's record."""

    account: NewAccount
    password: str
    totp_secret: str | None
    has_sms: bool
    has_chip: bool
    lock: Mapping[str, str] | None
    guardian: Mapping[str, str] | None
    record: PersonRecord
    story: Mapping[str, str]


@cache
def all_citizens() -> tuple[Citizen, ...]:
    """Return everyone, in the file's order."""
    text = files("idp.sandbox").joinpath("citizens.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return tuple(_citizen(entry, tables) for entry in tables["citizens"])


@cache
def registered() -> tuple[PersonRecord, ...]:
    """Return whom the registry knows though they have no account yet."""
    text = files("idp.sandbox").joinpath("citizens.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return tuple(_record(entry, tables) for entry in tables["registered"])


def _citizen(entry: Mapping[str, Any], tables: Mapping[str, Any]) -> Citizen:
    return Citizen(
        account=NewAccount(
            number=entry["personal_number"],
            identity=_identity(entry),
            level=entry["level"],
            state=cast("State", entry["state"]),
            phone=entry.get("phone"),
            email=entry.get("email"),
            email_verified="email" in entry,
        ),
        password=entry["password"],
        totp_secret=entry.get("totp_secret"),
        has_sms=entry.get("sms", False),
        has_chip=entry.get("chip", False),
        lock=entry.get("lock"),
        guardian=entry.get("guardian"),
        record=_record(entry, tables),
        story=entry["story"],
    )


def _identity(entry: Mapping[str, Any]) -> Identity:
    if "passport" in entry:
        document = {"type": "passport", **entry["passport"]}
    else:
        card = entry["card"]
        document = {
            "type": "can_cuoc",
            "number": entry["personal_number"],
            "issued_on": card["issued_on"],
            "expires_on": card.get("expires_on"),  # an elder's card never expires
            "issuer": _CARD_ISSUER,
        }
    proofed_on = document["issued_on"] if entry["level"] == 2 else None
    return parse_identity(
        {**entry["identity"], "document": document, "proofed_on": proofed_on}
    )


def _record(entry: Mapping[str, Any], tables: Mapping[str, Any]) -> PersonRecord:
    stays = {
        kind: _stay(stay, tables["places"])
        for kind, stay in entry.get("residence", {}).items()
    }
    household = None
    if "household" in entry:
        table = tables["households"][entry["household"]]
        household = _household(table, entry["personal_number"])
    residence = Residence(**stays) if stays else None
    return PersonRecord(
        as_of=tables["as_of"],
        residence=residence,
        household=household,
        person=_person(entry, tables),
    )


def _person(entry: Mapping[str, Any], tables: Mapping[str, Any]) -> RegisteredPerson:
    identity, guardian = entry["identity"], entry.get("guardian")
    representatives: tuple[Representative, ...] = ()
    if guardian is not None:
        number = guardian["personal_number"]
        names = {
            member["number"]: member["name"]
            for table in tables["households"].values()
            for member in table["members"]
        }
        representatives = (Representative(number, names[number], guardian["relation"]),)
    return RegisteredPerson(
        number=entry["personal_number"],
        family_name=identity.get("family_name", ""),
        middle_name=identity.get("middle_name", ""),
        given_name=identity["given_name"],
        birth_date=identity["birth_date"],
        gender=identity["gender"],
        nationality=identity.get("nationality", "VN"),
        ethnicity=identity.get("ethnicity"),
        place_of_origin=identity.get("origin") or identity.get("birth_place"),
        card=_card(entry),
        representatives=representatives,
    )


def _card(entry: Mapping[str, Any]) -> RegisteredCard | None:
    if "card" not in entry:
        return None
    card, lock = entry["card"], entry.get("lock", {})
    return RegisteredCard(
        state="expired" if lock.get("ground") == "card_expired" else "valid",
        issued_on=card["issued_on"],
        expires_on=card.get("expires_on"),
    )


def _stay(stay: Mapping[str, Any], places: Mapping[str, Any]) -> Stay:
    place = places[stay["place"]]
    parts = (stay["detail"], place["commune"], place["province"])
    address = Address(text=", ".join(parts), detail=stay["detail"], **place)
    return Stay(address=address, since=stay.get("since"), until=stay.get("until"))


def _household(table: Mapping[str, Any], own_number: str) -> Household:
    members = table["members"]
    own = next(member for member in members if member["number"] == own_number)
    return Household(
        file_number=table["file_number"],
        head_name=next(m["name"] for m in members if m["relation"] == "head"),
        relation=own["relation"],
        members=tuple(HouseholdMember(**m) for m in members if m is not own),
    )
