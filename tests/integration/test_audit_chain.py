"""The audit log on real databases: parallel appends, and what tampering leaves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp.audit.event import Event
from idp.audit.events import KeyPublished, PasswordChanged, SessionStarted, StateChanged
from idp.audit.log import AuditLog
from idp.audit.models import AuditEvent, AuditHead
from idp.audit.verification import Report, verify
from idp.cli import main
from idp.storage.database import Database
from keys.sealing import Sealer
from tests.services import BACKENDS
from tests.statements import noted_statements

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

SEALER = Sealer({1: b"s" * 32}, b"i" * 32)
AUDIT = AuditLog(SEALER)
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ACCOUNT = UUID(int=5)
EVENTS = sa.table(
    "audit_events",
    *map(sa.column, ("month", "shard", "seq", "data", "personal_sealed", "account_id")),
)


def append(database: Database, *events: Event, now: datetime = NOW) -> None:
    """Record events in one transaction."""
    with database.transaction() as session:
        for event in events:
            AUDIT.record(session, event, now=now)


def check(database: Database) -> Report:
    with database.snapshot() as connection:
        return verify(connection, SEALER)


def faults(database: Database) -> list[tuple[int, int, str]]:
    """Return shard, event and reason of each broken chain."""
    return [
        (chain.shard, chain.fault.seq, chain.fault.reason)
        for chain in check(database).faults
    ]


def tamper(database: Database, statement: sa.Executable) -> None:
    """Do what someone with the database's password could do."""
    with database.engine.begin() as connection:
        assert connection.execute(statement).rowcount == 1


@pytest.fixture
def chain(database: Database) -> Database:
    """Return a database with one chain of five events, the third with a person's."""
    for number in range(5):
        personal = {"address": "192.0.2.1"} if number == 2 else None
        event = SessionStarted(ACCOUNT, uuid4(), "pwd", personal=personal)
        append(database, event, now=NOW + timedelta(seconds=number))
    return database


def test_many_events_of_one_transaction_go_in_at_once(
    chain: Database, backend: str
) -> None:
    """A few statements for each chain, not for each event; what is sealed stays."""
    people = [UUID(int=ACCOUNT.int + 16 * number) for number in range(50)]
    many = [SessionStarted(person, uuid4(), "pwd") for person in people]
    personal = {"address": "192.0.2.7"}
    many.append(SessionStarted(ACCOUNT, uuid4(), "pwd", personal=personal))

    with noted_statements() as statements:
        append(chain, *many)

    with chain.read() as connection:
        told = AUDIT.recent(connection, ACCOUNT, 10)
    assert len(told) == 7
    assert personal in [one.personal for one in told]
    report = check(chain)
    assert (report.events, report.faults) == (5 + 51, ())
    assert len(statements) < 6, statements


def test_whole_chain_is_proven(chain: Database) -> None:
    """Every row is read, and nothing is wrong."""
    report = check(chain)

    assert (report.events, report.faults, report.erased) == (5, (), 0)


def test_empty_log_is_whole(database: Database) -> None:
    """Before the first event there is nothing to prove."""
    assert check(database) == Report(())


def test_changed_row_is_found(chain: Database) -> None:
    """A row with other data is told, and only that one."""
    tamper(chain, sa.update(EVENTS).where(EVENTS.c.seq == 2).values(data="{}"))

    assert faults(chain) == [(5, 2, "the row was changed")]


def test_removed_row_is_found(chain: Database) -> None:
    """A row that is gone is told by its number."""
    tamper(chain, sa.delete(EVENTS).where(EVENTS.c.seq == 3))

    assert faults(chain) == [(5, 3, "the row is missing")]


def test_removed_last_row_is_found(chain: Database) -> None:
    """The head remembers how long its chain is."""
    tamper(chain, sa.delete(EVENTS).where(EVENTS.c.seq == 5))

    assert faults(chain) == [(5, 5, "the chain does not end where its head says")]


def test_removed_chain_is_found(chain: Database) -> None:
    """A head without rows is told; so are rows without a head."""
    append(chain, KeyPublished("kid-1", "ES256"))
    tamper(chain, sa.delete(EVENTS).where(EVENTS.c.shard == 0))
    tamper(chain, sa.delete(AuditHead).where(AuditHead.shard == 5))

    assert faults(chain) == [
        (0, 1, "every row is missing"),
        (5, 6, "the chain does not end where its head says"),
    ]


def test_reordered_rows_are_found(chain: Database) -> None:
    """Two rows that changed places are told by the first."""
    for old, new in ((2, 99), (3, 2), (99, 3)):
        tamper(chain, sa.update(EVENTS).where(EVENTS.c.seq == old).values(seq=new))

    assert faults(chain) == [
        (5, 2, "the row does not follow the one before it"),
    ]


def test_row_moved_to_another_shard_is_found(chain: Database) -> None:
    """A row in a foreign chain breaks both, and the hash knows its chain."""
    move = sa.update(EVENTS).where(EVENTS.c.seq == 1).values(shard=6)
    tamper(chain, move)

    assert faults(chain) == [
        (5, 1, "the row is missing"),
        (6, 1, "the row does not follow the one before it"),
    ]


def test_each_broken_chain_is_told(chain: Database) -> None:
    """A fault in one chain hides none in another."""
    append(chain, KeyPublished("kid-1", "ES256"))
    for shard in (0, 5):
        place = (EVENTS.c.shard == shard) & (EVENTS.c.seq == 1)
        tamper(chain, sa.update(EVENTS).where(place).values(data="{}"))

    assert [shard for shard, _, _ in faults(chain)] == [0, 5]


def test_personal_values_are_erasable_not_replaceable(chain: Database) -> None:
    """Erased values leave the chain whole; other values in their place do not."""
    third = sa.update(EVENTS).where(EVENTS.c.seq == 3)
    tamper(chain, third.values(personal_sealed=None))

    assert (check(chain).faults, check(chain).erased) == ((), 1)

    tamper(chain, third.values(personal_sealed=b"something else"))

    assert faults(chain) == [(5, 3, "the personal values were replaced")]


def test_citizen_sees_own_events(chain: Database) -> None:
    """The newest come first, with personal values, filtered by type."""
    append(chain, PasswordChanged(ACCOUNT), now=NOW + timedelta(days=20))
    append(chain, PasswordChanged(UUID(int=6)), now=NOW + timedelta(days=20))

    with chain.read() as connection:
        recent = AUDIT.recent(connection, ACCOUNT, 4)
        sessions = AUDIT.recent(connection, ACCOUNT, 9, types=("SessionStarted",))

    types = [entry.type for entry in recent]
    assert types == ["PasswordChanged", *["SessionStarted"] * 3]
    assert [entry.personal for entry in recent][-1] == {"address": "192.0.2.1"}
    assert "personal" not in recent[-1].data
    assert len(sessions) == 5


def test_rolled_back_effect_leaves_no_event(database: Database) -> None:
    """Neither a failed transaction nor a failed savepoint leaves an event."""

    def lose(session) -> None:
        with session.begin_nested():
            with session.begin_nested():
                AUDIT.record(session, PasswordChanged(ACCOUNT), now=NOW)
            AUDIT.record(session, PasswordChanged(ACCOUNT), now=NOW)
            raise RuntimeError

    with database.transaction() as session:
        AUDIT.record(session, StateChanged(ACCOUNT, "granted", "active"), now=NOW)
        with pytest.raises(RuntimeError):
            lose(session)
        with session.begin_nested():
            AUDIT.record(session, KeyPublished("kid-1", "ES256"), now=NOW)
    with database.transaction() as session:
        with pytest.raises(RuntimeError):
            lose(session)
        session.rollback()

    with database.read() as connection:
        types = connection.scalars(sa.select(AuditEvent.type)).all()
    assert sorted(types) == ["KeyPublished", "StateChanged"]


def test_twenty_transactions_on_one_shard(database: Database) -> None:
    """The first of a month race for the head; all 20 are chained."""
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: append(database, PasswordChanged(ACCOUNT)), range(20)))

    report = check(database)
    assert (report.events, report.faults) == (20, ())
    assert len(report.chains) == 1


def test_twenty_transactions_on_many_shards(database: Database) -> None:
    """Transactions of several chains, in opposite orders, neither clash nor lock up."""

    def both_ways(number: int) -> None:
        accounts = [UUID(int=shard) for shard in (number % 16, 3, 15 - number % 16)]
        append(database, *map(PasswordChanged, accounts))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(both_ways, range(20)))

    report = check(database)
    assert (report.events, report.faults) == (60, ())
    assert len(report.chains) == 16


def test_months_are_chains_of_their_own(database: Database) -> None:
    """An event of the next month begins a new chain."""
    append(database, PasswordChanged(ACCOUNT))
    append(database, PasswordChanged(ACCOUNT), now=NOW + timedelta(days=30))

    chains = [(chain.month, chain.events) for chain in check(database).chains]
    assert chains == [("2026-11", 1), ("2026-12", 1)]


def test_one_event_costs_few_statements(database: Database, backend: str) -> None:
    """An append is one statement (three on SQLite, which is in the process)."""
    append(database, PasswordChanged(ACCOUNT))
    with noted_statements() as statements:
        append(database, PasswordChanged(ACCOUNT))

    audit = [statement for statement in statements if "audit" in statement]
    assert len(audit) == (1 if backend == "production" else 3)


def test_command_proves_the_log(config, provider, tmp_path, backend: str) -> None:
    """`idp audit verify` ends with 0, and with 1 once a row was changed."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [database]
        url = "{config.database.url}"
        [ephemeral]
        url = "{config.ephemeral.url}"
        [keys]
        kek_file = "{config.keys.kek_file}"
        [sandbox]
        enabled = true
        """
    )
    command = ["--config", str(file), "audit", "verify"]

    whole = CliRunner().invoke(main, command)
    with provider.database.engine.begin() as connection:
        connection.execute(
            sa.update(EVENTS).where(EVENTS.c.seq == 1, EVENTS.c.shard == 0)
            .values(data="{}")
        )  # fmt: skip
    broken = CliRunner().invoke(main, command)

    assert (whole.exit_code, broken.exit_code) == (0, 1)
    assert "Every chain is whole" in whole.output
    assert "was changed" in broken.output
