"""A database with its sealer and audit log, and accounts in it, for unit tests."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from idp.accounts.identity import Identity
from idp.accounts.lifecycle import NewAccount, create_account
from idp.audit.log import AuditLog
from idp.storage.database import Database
from keys.sealing import Sealer
from tests.services import BACKENDS

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@dataclass(frozen=True)
class World:
    """What functions of accounts and factors work with."""

    database: Database
    sealer: Sealer
    audit: AuditLog

    def events(self, account_id: UUID) -> list[str]:
        """Return the types of the account's events, newest first."""
        with self.database.read() as connection:
            entries = self.audit.recent(connection, account_id, 100)
        return [entry.type for entry in entries]


@dataclass(frozen=True)
class TestAccount:
    """An account that exists, and the number that names it."""

    __test__ = False

    id: UUID
    number: str


def an_account(**values) -> NewAccount:
    """Return what an active level 2 account of an invented person starts with."""
    identity = Identity(
        family_name="Trần",
        middle_name="Văn",
        given_name="Thử",
        birth_date="1985",
        gender="male",
    )
    number = f"001085{secrets.randbelow(10**6):06}"
    return NewAccount(
        **{"number": number, "identity": identity, "level": 2, "state": "active"}
        | values
    )


@pytest.fixture
def world(database: Database) -> World:
    """Return an empty world."""
    sealer = Sealer({1: b"s" * 32}, b"i" * 32)
    return World(database, sealer, AuditLog(sealer))


@pytest.fixture
def new_account(world: World) -> Callable[..., TestAccount]:
    """Return a function that creates accounts."""

    def create(**values) -> TestAccount:
        new = an_account(**values)
        with world.database.transaction() as session:
            account_id = create_account(
                session, world.audit, world.sealer, new, now=NOW
            )
        return TestAccount(account_id, new.number)

    return create


@pytest.fixture
def account(new_account: Callable[..., TestAccount]) -> TestAccount:
    """Return an active level 2 account."""
    return new_account()
