"""What is told of an organisation that somebody acts for (Decree 69/2024 art. 12)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from idp.accounts.organisations import read_details
from idp.claims.person import Person
from idp.storage.database import Database
from keys.sealing import Sealer

CLAIM = "organisation"


@dataclass(frozen=True, slots=True)
class OrganisationReader:
    """Where an organisation's data are kept, and in which role someone acts for it."""

    database: Database
    sealer: Sealer
    role: str

    def read(self, account_id: UUID, names: Collection[str], now: datetime) -> Person:
        """Return the organisation's claim, if it is among `names`."""
        del now
        if CLAIM not in names:
            return Person()
        with self.database.read() as connection:
            details = read_details(connection, self.sealer, account_id)
        told = {"name": details.name, "tax_code": details.tax_code, "role": self.role}
        return Person(values={CLAIM: told})
