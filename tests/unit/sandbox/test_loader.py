"""Loading the citizens: everyone once, through everyone's functions."""

from dataclasses import replace

import pyotp
import pytest
import sqlalchemy as sa

from idp.accounts.identifiers import find_account_id
from idp.accounts.lifecycle import lift_lock
from idp.accounts.representation import wards_of
from idp.audit.models import AuditEvent
from idp.config import Config, PasswordConfig, SandboxConfig
from idp.errors import ConfigError, NotFoundError
from idp.factors import totp
from idp.factors.password import PasswordPool, prove
from idp.sandbox import loader
from tests.unit.world import NOW, World, on_each_backend, world

__all__ = ["world"]
POOL = PasswordPool(PasswordConfig(memory_kib=64, iterations=1))
MEMBERS = [
    "personal_number", "password", "totp_secret", "phone", "email", "account_level",
    "state", "lock", "factors", "story",
]  # fmt: skip


class Sandbox:
    """What the loader needs of a provider."""

    def __init__(self, world: World, config: Config):
        self.config, self.passwords = config, POOL
        self.database, self.sealer, self.audit = (
            world.database,
            world.sealer,
            world.audit,
        )

    def account_id(self, number):
        with self.database.read() as connection:
            return find_account_id(connection, self.sealer, number)


@pytest.fixture
def sandbox(world):
    return Sandbox(world, Config(sandbox=SandboxConfig(enabled=True)))


def rows(sandbox):
    """Return how many rows every table has."""
    from idp.storage.database import Base

    with sandbox.database.read() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table))
            .scalar_one()
            for name, table in Base.metadata.tables.items()
        }  # fmt: skip


@on_each_backend
def test_a_second_load_changes_nothing(sandbox):
    """Twenty people the first time, nobody the second, not even an event."""
    assert loader.load(sandbox, NOW) == 20
    before = rows(sandbox)
    assert before["accounts"] == 21  # one is an organisation
    assert loader.load(sandbox, NOW) == 0
    assert rows(sandbox) == before


def test_the_listing_has_exactly_the_promised_members(sandbox):
    """What portal developers' machines rely on."""
    loader.load(sandbox, NOW)
    listing = loader.citizens(sandbox)
    for entry in listing:
        assert list(entry) == MEMBERS
        assert entry["state"] in {
            "submitted", "in_review", "granted", "active", "locked",
        }  # fmt: skip
        assert (entry["state"] == "locked") == (entry["lock"] is not None)
        assert entry["factors"][0] == "pwd"
        assert ("totp" in entry["factors"]) == (entry["totp_secret"] is not None)
    vietnamese = loader.citizens(sandbox, locale="vi")
    assert all(
        a["story"] != b["story"] for a, b in zip(listing, vietnamese, strict=True)
    )


def test_the_listing_proves_everyone(sandbox):
    """Each number, password and TOTP secret signs in to its account."""
    loader.load(sandbox, NOW)
    stores = (sandbox.database, sandbox.sealer, POOL, sandbox.audit)
    for entry in loader.citizens(sandbox):
        number = entry["personal_number"]
        proven = prove(*stores, number=number, password=entry["password"], now=NOW)
        assert proven is not None
        assert proven.account_id == sandbox.account_id(number)
        if entry["totp_secret"]:
            with sandbox.database.transaction() as session:
                assert totp.verify(
                    session, sandbox.audit, sandbox.sealer, proven.account_id,
                    otp=pyotp.TOTP(entry["totp_secret"]).at(NOW), now=NOW,
                )  # fmt: skip


def test_the_listing_tells_of_today(sandbox):
    """A lock that was lifted since is gone, and a load does not bring it back."""
    loader.load(sandbox, NOW)
    number = "999086000019"
    with sandbox.database.transaction() as session:
        lift_lock(
            session, sandbox.audit, sandbox.account_id(number),
            ground="holder_request", asker="holder", now=NOW,
        )  # fmt: skip
    loader.load(sandbox, NOW)
    (entry,) = [
        item for item in loader.citizens(sandbox) if item["personal_number"] == number
    ]
    assert (entry["state"], entry["lock"]) == ("active", None)


def test_a_guardian_has_the_ward(sandbox):
    """One child has an account, the other is in the household only."""
    loader.load(sandbox, NOW)
    with sandbox.database.read() as connection:
        (ward,) = wards_of(connection, sandbox.account_id("999188000008"), now=NOW)
    assert ward.account_id == sandbox.account_id("999216000009")


def test_everything_is_audited(sandbox):
    """Each effect has its event, and the load itself has one."""
    loader.load(sandbox, NOW)
    with sandbox.database.read() as connection:
        types = connection.execute(sa.select(AuditEvent.type)).scalars().all()
    assert types.count("AccountCreated") - 1 == types.count("PasswordChanged") == 20
    assert types.count("LockPlaced") == 2
    assert types.count("SandboxLoaded") == 1


def test_no_person_is_in_clear_in_the_database(sandbox, tmp_path):
    """The file of the embedded database shows no number, name, phone or seed."""
    loader.load(sandbox, NOW)
    with sandbox.database.read() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(file.read_bytes() for file in tmp_path.glob("*.db*"))
    assert content
    for entry in loader.citizens(sandbox):
        for name in ("personal_number", "password", "phone", "totp_secret"):
            assert not entry[name] or entry[name].encode() not in content
    assert "Hoàng".encode() not in content
    assert b"congdan.test" not in content


def test_outside_the_sandbox_nothing_works(sandbox):
    """Neither loading nor listing; an empty sandbox says what to do."""
    with pytest.raises(NotFoundError, match="idp sandbox load"):
        loader.citizens(sandbox)
    sandbox.config = replace(sandbox.config, sandbox=SandboxConfig(enabled=False))
    for act in (lambda: loader.load(sandbox, NOW), lambda: loader.citizens(sandbox)):
        with pytest.raises(ConfigError, match="sandbox"):
            act()
