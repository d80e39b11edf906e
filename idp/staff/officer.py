"""Who an officer is, and what the roles are."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from idp.accounts.identifiers import number_index
from keys.sealing import BlindIndex, Sealer

Role = Literal[
    "enrolment_officer",
    "reviewer",
    "hotline",
    "security",
    "auditor",
    "leader",
    "lock_officer",
    "relying_party_manager",
    "administrator",
]
ROLES: tuple[Role, ...] = (
    "enrolment_officer",
    "reviewer",
    "hotline",
    "security",
    "auditor",
    "leader",
    "lock_officer",
    "relying_party_manager",
    "administrator",
)
ADMINISTRATOR = "administrator"
BY_COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Unit:
    """An office; without a province it serves the whole country."""

    id: UUID
    name: str
    province_code: str | None
    commune_code: str | None

    def serves(self, province_code: str | None) -> bool:
        """Say whether dossiers of this province are this unit's affair.

        Accounts are granted by the authority of the place (Decree 69/2024 art. 10–12);
        what names no place is everybody's.
        """
        return None in (self.province_code, province_code) or (
            self.province_code == province_code
        )


@dataclass(frozen=True, slots=True)
class Officer:
    """An officer who is signed in, with the roles of this very moment."""

    id: UUID
    name: str
    unit: Unit
    roles: frozenset[str]
    session_id: UUID
    proven_at: datetime
    number_index: BlindIndex = field(repr=False)

    def holds(self, sealer: Sealer, numbers: Collection[str]) -> bool:
        """Say whether one of these personal numbers is the officer's own."""
        own = self.number_index.first
        return own in {number_index(sealer, number).first for number in numbers}

    def has(self, *roles: str) -> bool:
        """Say whether the officer has one of these roles; none named is any."""
        return not roles or bool(self.roles.intersection(roles))


def seal_name(sealer: Sealer, name: str, staff_id: UUID) -> bytes:
    """Seal an officer's name for their row."""
    return sealer.seal(name.encode(), context=_context(staff_id))


def seal_number(sealer: Sealer, number: str, staff_id: UUID) -> bytes:
    """Seal an officer's personal number for their row, for whoever indexes it anew."""
    return sealer.seal(number.encode(), context=f"staff.number:{staff_id}")


def open_name(sealer: Sealer, sealed: bytes, staff_id: UUID) -> str:
    """Open what `seal_name` sealed for this officer."""
    return sealer.open(sealed, context=_context(staff_id)).decode()


def index_of(sealer: Sealer, sealed: bytes, staff_id: UUID) -> BlindIndex:
    """Return the index of the number that `seal_number` sealed for this officer."""
    number = sealer.open(sealed, context=f"staff.number:{staff_id}").decode()
    return number_index(sealer, number)


def _context(staff_id: UUID) -> str:
    return f"staff.name:{staff_id}"
