"""A citizen's claims as values: read only what is asked for, from where it is kept."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast
from uuid import UUID

import sqlalchemy as sa

from idp.accounts.contacts import open_email, open_phone
from idp.accounts.identifiers import current_number
from idp.accounts.identity import Identity, open_identity
from idp.accounts.models import Account
from idp.claims import residence
from idp.config import Config
from idp.errors import NotFoundError
from idp.registry.person import PersonRecord
from idp.registry.port import Asker, PopulationRegistry, Question, RegistryDownError
from idp.storage.database import Database
from idp.storage.prepared import Prepared
from keys.sealing import Sealer

REGISTERED = frozenset({"residence", "address", "household", "household.members"})
_NEEDS_NUMBER = REGISTERED | {"personal_number"}

_ACCOUNTS = cast("sa.Table", Account.__table__)
_ACCOUNT = Prepared(
    sa.select(
        _ACCOUNTS.c.identity_sealed,
        _ACCOUNTS.c.phone_sealed,
        _ACCOUNTS.c.email_sealed,
        _ACCOUNTS.c.email_verified,
    ).where(_ACCOUNTS.c.id == sa.bindparam("account_id"))
)


@dataclass(frozen=True, slots=True)
class Person:
    """Values of the claims that are known, and what their verification rests on."""

    values: dict[str, Any] = field(default_factory=dict)
    proofed_on: str | None = None
    registry_as_of: datetime | None = None
    authority: str = ""
    registry_is_down: bool = False
    registry_is_stale: bool = False

    def misses(self, name: str) -> bool:
        """Say whether a claim has no value only because the registry is down."""
        return self.registry_is_down and name in REGISTERED

    def is_stale(self, name: str) -> bool:
        """Say whether a claim is what the registry, which is down, told last."""
        return self.registry_is_stale and name in REGISTERED


class Sources(Protocol):
    """What of the provider citizens' data are read from."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def database(self) -> Database:
        """The database."""

    @property
    def sealer(self) -> Sealer:
        """What seals personal values."""

    @property
    def registry(self) -> PopulationRegistry:
        """The population and residence registry."""


@dataclass(frozen=True, slots=True)
class PersonReader:
    """Where citizens' data are kept."""

    database: Database
    sealer: Sealer
    registry: PopulationRegistry
    asker: Asker

    @classmethod
    def of(cls, sources: Sources) -> "PersonReader":
        """Return the reader for what citizens themselves allow."""
        return cls(
            sources.database,
            sources.sealer,
            sources.registry,
            Asker.citizen(sources.config),
        )

    def read(self, account_id: UUID, names: Collection[str], now: datetime) -> Person:
        """Return the values of `names`; a claim that is not known has none.

        No connection is held while the registry, which may be far away, is asked.
        """
        if not names:
            return Person()
        wanted, number = frozenset(names), None
        with self.database.look_up() as reader:
            row = _ACCOUNT.find(reader, {"account_id": account_id})
        if row is None:
            raise NotFoundError("no such account")
        if wanted & _NEEDS_NUMBER:
            with self.database.read() as connection:
                number = current_number(connection, self.sealer, account_id)
        identity = open_identity(self.sealer, row.identity_sealed, account_id)
        record, is_down = None, False
        if number is not None and wanted & REGISTERED:
            question = Question(number, identity.full_name, identity.birth_date)
            try:
                record = self.registry.look_up(question, self.asker, now=now)
            except RegistryDownError:
                is_down = True  # what it would tell is withheld, and said to be so
        values = {
            "personal_number": number,
            **identity_values(identity),
            **self._contact_values(row, account_id),
            **(registry_values(record, identity) if record else {}),
        }
        return Person(
            values={k: v for k, v in values.items() if k in wanted and v is not None},
            proofed_on=identity.proofed_on,
            registry_as_of=record.as_of if record else None,
            authority=self.registry.authority,
            registry_is_down=is_down,
            registry_is_stale=record is not None and record.is_stale,
        )

    def _contact_values(self, row: Any, account_id: UUID) -> dict[str, Any]:
        phone = open_phone(self.sealer, row.phone_sealed, account_id)
        email = open_email(self.sealer, row.email_sealed, account_id)
        return {
            "phone_number": phone,
            # A number is kept only once it is known to be the holder's own.
            "phone_number_verified": True if phone else None,
            "email": email,
            "email_verified": row.email_verified if email else None,
        }


def identity_values(identity: Identity) -> dict[str, Any]:
    """Return the standard claims of an identity, names in Vietnamese order."""
    has_day = len(identity.birth_date) > len("YYYY")
    return {
        "name": identity.full_name,
        "family_name": identity.family_name or None,  # họ
        "middle_name": identity.middle_name or None,  # chữ đệm
        "given_name": identity.given_name,  # tên
        "gender": identity.gender if identity.gender in ("male", "female") else None,
        # OIDC Core §5.1: a year alone is `YYYY`.
        "birthdate": identity.birth_date,
        "birthdate_precision": "day" if has_day else "year",
    }


def registry_values(record: PersonRecord, identity: Identity) -> dict[str, Any]:
    """Return the claims of a registry record."""
    return {
        "residence": residence.residence_claim(record),
        "address": residence.address_claim(record),
        "household": residence.household_claim(record, own_name=identity.full_name),
        "household.members": residence.household_members_claim(record),
    }
