"""The port to the population and residence registry, and the embedded synthetic one.

A record is what the registry says of one person at one time (`as_of`). Addresses carry
the two-level division in force since 1 July 2025 (Decision 19/2025/QD-TTg) and, where
it is known, the district of before. A residence is never derived from the digits of
the personal number: those tell the place of birth registration as it was coded then.
"""

import json
from datetime import datetime
from typing import Protocol, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.claims.models import RegistryRecord
from idp.claims.person_record import (
    Address,
    Household,
    HouseholdMember,
    PersonRecord,
    Residence,
    Stay,
)
from idp.storage.database import Database
from keys.sealing import Sealer

__all__ = [
    "Address",
    "EmbeddedRegistry",
    "Household",
    "HouseholdMember",
    "PersonRecord",
    "Residence",
    "ResidenceRegistry",
    "Stay",
]

SEAL_CONTEXT = "registry_records.record"
INDEX_CONTEXT = "registry_records.number"

_RECORDS = cast("sa.Table", RegistryRecord.__table__)
_FIND = sa.select(_RECORDS.c.record_sealed).where(
    _RECORDS.c.number_index == sa.bindparam("number_index")
)


class ResidenceRegistry(Protocol):
    """The one question that claims ask of a registry; `authority` answers for it."""

    authority: str

    def find(self, number: str, *, now: datetime) -> PersonRecord | None:
        """Return the record of the holder of `number`, or None if there is none."""


class EmbeddedRegistry:
    """A synthetic registry in our own database, for the sandbox; sealed at rest."""

    authority = "Định Danh: synthetic population and residence registry"

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def find(self, number: str, *, now: datetime) -> PersonRecord | None:
        """Return the record of the holder of `number`, or None if there is none."""
        del now  # a real registry logs when it was asked, and may age its copy
        index = self._sealer.index(number, context=INDEX_CONTEXT)
        with self._database.read() as connection:
            sealed = connection.execute(_FIND, {"number_index": index}).scalar()
        if sealed is None:
            return None
        text = self._sealer.open(sealed, context=SEAL_CONTEXT)
        return PersonRecord.from_json(json.loads(text))

    def store(self, session: Session, number: str, record: PersonRecord) -> None:
        """Write or replace the record of the holder of `number`."""
        text = json.dumps(record.to_json(), ensure_ascii=False).encode()
        session.merge(
            RegistryRecord(
                number_index=self._sealer.index(number, context=INDEX_CONTEXT),
                record_sealed=self._sealer.seal(text, context=SEAL_CONTEXT),
                as_of=record.as_of,
            )
        )
