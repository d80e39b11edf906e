"""The citizens that cards are made for, as `idp sandbox card-data` lists them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """What stands on a citizen's card; `expires_on` is absent on a card for life."""

    number: str
    family_name: str
    middle_name: str
    given_name: str
    birth_date: str  # ISO 8601; the year alone where no more is known
    sex: str  # M, F, or < when neither is stated: ICAO Doc 9303-5
    nationality: str
    issued_on: date
    expires_on: date | None
    residence: str
    place_of_origin: str

    @property
    def name(self) -> str:
        """Return the whole name in the Vietnamese order."""
        return " ".join(self.names())

    def names(self) -> tuple[str, ...]:
        """Return family, middle and given name, without those that are not there."""
        all_names = (self.family_name, self.middle_name, self.given_name)
        return tuple(name for name in all_names if name)


def read_people(path: Path) -> tuple[Person, ...]:
    """Return the citizens of a people file."""
    return tuple(_person(entry) for entry in json.loads(path.read_text("utf-8")))


def _person(entry: Mapping[str, Any]) -> Person:
    expiry = entry.get("expires_on")
    return Person(
        number=entry["personal_number"],
        family_name=entry["family_name"],
        middle_name=entry.get("middle_name") or "",
        given_name=entry["given_name"],
        birth_date=entry["birth_date"],
        sex={"male": "M", "female": "F"}.get(entry.get("gender") or "", "<"),
        nationality=entry.get("nationality") or "Việt Nam",
        issued_on=date.fromisoformat(entry["issued_on"]),
        expires_on=date.fromisoformat(expiry) if expiry else None,
        residence=entry.get("residence") or "",
        place_of_origin=entry.get("place_of_origin") or "",
    )
