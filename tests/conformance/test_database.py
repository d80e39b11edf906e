"""What both databases must do: migrations, transactions, look-ups."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from idp.audit.key_changes import initialise_keys
from idp.cli import main
from idp.factors.models import OutboxMessage
from idp.storage import migration
from idp.storage.database import Base, Database, UtcDateTime
from idp.storage.key_store import DatabaseRingStore
from idp.storage.tables import all_tables
from keys import jws
from keys.envelope import envelope
from keys.ring import RINGS, Clock, Ring
from keys.signers import KeyRings
from keys.signing_keys import SoftwareOpener
from tests.conformance.callers import upgrade_from_processes
from tests.services import BACKENDS, Services
from tests.stores import fresh_database

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

CLOCKS = {ring.purpose: Clock(900, 900) for ring in RINGS}
NOW = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=UTC)
WRITERS = 50


@pytest.fixture
def bare_url(services: Services, backend: str, tmp_path: Path):
    """Return the URL of a database without any table."""
    if backend == "embedded":
        yield f"sqlite:///{tmp_path}/bare.db"
    else:
        choice = {"backend": backend, "template": "template0", "folder": tmp_path}
        with fresh_database(services, **choice) as url:
            yield url


def message(number: int = 0) -> OutboxMessage:
    return OutboxMessage(phone=f"+8490000{number:04}", text="123456", sent_at=NOW)


# Of the indexes that PostgreSQL alone has; there they are compared.
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expr")
def test_migrations_make_the_models(database: Database) -> None:
    """The migrated schema is the models' schema, to the last index and name."""
    all_tables()

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
        names = _constraint_names(connection)

    assert differences == []
    assert names == {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
    }


def _constraint_names(connection: sa.Connection) -> set[str]:
    inspector = sa.inspect(connection)
    names = set()
    for table in Base.metadata.tables:
        names.add(inspector.get_pk_constraint(table)["name"])
        for kind in ("unique", "check"):
            found = getattr(inspector, f"get_{kind}_constraints")(table)
            names |= {constraint["name"] for constraint in found}
        names |= {key["name"] for key in inspector.get_foreign_keys(table)}
    return names


def test_upgrade_from_nothing_is_repeatable(bare_url: str) -> None:
    """An empty database lacks every revision, an upgraded one none."""
    with closing(Database(bare_url)) as database:
        assert not migration.is_current(database)
        assert migration.pending(database)[-1] == migration.head()

        migration.upgrade(database)
        migration.upgrade(database)

        assert migration.is_current(database)
        with database.read() as connection:
            assert migration.current(connection) == migration.head()


def test_keys_from_before_purposes_go_on(bare_url: str) -> None:
    """They sign ID tokens, opened as they were sealed; `init` adds the rest."""
    kek = bytes(32)
    new = SoftwareOpener(kek).generate(Ring("id_token", "ES256"), now=NOW)
    context = f"id_token.ES256:{new.kid}"
    sealer = envelope(kek, "signing keys")
    der = sealer.open(new.private_sealed or b"", context=context)
    old = {
        "kid": new.kid,
        "ring": "ES256",
        "public_jwk": dict(new.public_jwk),
        "private_sealed": sealer.seal(der, context=f"ES256:{new.kid}"),
        "published_at": 1,
        "activates_at": 1,
    }
    keys = sa.table("signing_keys", *(sa.column(name) for name in old))
    keys.c.public_jwk.type = sa.JSON()
    with closing(Database(bare_url)) as database:
        with database.engine.begin() as connection:
            config = migration._alembic()
            config.attributes["connection"] = connection
            command.upgrade(config, "0011")
            connection.execute(sa.insert(keys).values(old))
        migration.upgrade(database)
        _, created = initialise_keys(database, kek, now=NOW)
        rings = KeyRings(DatabaseRingStore(database), SoftwareOpener(kek), CLOCKS)

    assert len(created) == len(RINGS) - 1
    token = rings.sign({}, purpose="id_token", alg="ES256", typ="JWT", now=NOW)
    assert jws.read(token).kid == new.kid


def test_newer_database_is_good_enough(database: Database) -> None:
    """The release before runs on a schema that was expanded for the next one."""
    with database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    assert migration.is_current(database)


def test_parallel_upgrades_take_turns(bare_url: str) -> None:
    """Two processes that upgrade at once both end well."""
    assert upgrade_from_processes(bare_url) == [0, 0]

    with closing(Database(bare_url)) as database:
        assert migration.is_current(database)


def test_commands_tell_and_upgrade(bare_url: str, tmp_path: Path) -> None:
    """`idp db status` ends with 1 until `idp db upgrade` has run."""
    file = tmp_path / "config.toml"
    file.write_text(f'[database]\nurl = "{bare_url}"\n[sandbox]\nenabled = true\n')
    outcomes = [
        CliRunner().invoke(main, ["--config", str(file), "db", command])
        for command in ("status", "upgrade", "status", "upgrade")
    ]

    assert [outcome.exit_code for outcome in outcomes] == [1, 0, 0, 0]
    assert "pending: 0001" in outcomes[0].output
    assert "applied 0001" in outcomes[1].output
    assert "nothing to do" in outcomes[3].output


def test_transaction_commits_once_or_not_at_all(database: Database) -> None:
    """An error undoes the whole transaction."""
    with database.transaction() as session:
        session.add(message())
    with pytest.raises(RuntimeError), database.transaction() as session:
        _write_and_fail(session)

    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count(OutboxMessage.id))) == 1


def _write_and_fail(session: Session) -> None:
    session.add(message())
    session.flush()
    raise RuntimeError


def test_look_up_cannot_write(database: Database) -> None:
    """What `read` and `snapshot` yield refuses an effect without its transaction."""
    insert = sa.insert(OutboxMessage).values(phone="+84", text="", sent_at=NOW)
    for way_in in (database.read, database.snapshot):
        with way_in() as connection, pytest.raises(DBAPIError):
            connection.execute(insert)

    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count(OutboxMessage.id))) == 0


def test_look_up_sees_the_last_commit(database: Database) -> None:
    """A pooled reader holds no old view."""
    for number in range(3):
        with database.read() as connection:
            count = sa.select(sa.func.count(OutboxMessage.id))
            assert connection.scalar(count) == number
            with database.transaction() as session:
                session.add(message())
            assert connection.scalar(count) == number + 1


def test_look_up_is_one_statement(database: Database, backend: str) -> None:
    """Nothing is begun, rolled back or reset around a look-up."""
    with database.read() as connection:
        raw = connection.connection.dbapi_connection
        connection.execute(sa.text("SELECT 1"))
        in_transaction = (
            raw.in_transaction
            if backend == "embedded"
            else raw.info.transaction_status.name != "IDLE"
        )

    assert not in_transaction


def test_snapshot_sees_one_moment(database: Database) -> None:
    """What is committed while a report reads is not in it; afterwards it is."""
    count = sa.select(sa.func.count(OutboxMessage.id))
    with database.snapshot() as connection:
        assert connection.scalar(count) == 0
        with database.transaction() as session:
            session.add(message())
        assert connection.scalar(count) == 0
    with database.read() as connection:
        assert connection.scalar(count) == 1


def test_many_writers_wait_in_line(database: Database) -> None:
    """50 threads that read, then write, in one transaction all succeed."""

    def write(number: int) -> None:
        with database.transaction() as session:
            session.scalar(sa.select(sa.func.count(OutboxMessage.id)))
            session.add(message(number))

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))

    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count(OutboxMessage.id))) == WRITERS


def test_times_come_back_exactly(database: Database) -> None:
    """Moments keep their microseconds and are UTC; naive ones are refused."""
    hanoi = NOW.astimezone(timezone(timedelta(hours=7)))
    with database.transaction() as session:
        session.add(OutboxMessage(phone="+84", text="", sent_at=hanoi))

    with database.read() as connection:
        sent_at = connection.scalar(sa.select(OutboxMessage.sent_at))

    assert sent_at == NOW
    assert sent_at.tzinfo is UTC
    with pytest.raises(ValueError, match="naive"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 21), None)  # noqa: DTZ001 - the point of it


def test_foreign_keys_hold(database: Database) -> None:
    """A row cannot refer to an account that does not exist."""
    insert = sa.text(
        "INSERT INTO locks (id, account_id, ground, asker, placed_at)"
        " VALUES (:id, :id, 'death', 'test', 0)"
    )
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as session:
        session.execute(insert, {"id": "0" * 32})


def test_a_failed_look_up_gives_its_reader_up(database: Database) -> None:
    """The next look-up begins on a new connection."""
    driver = database.engine.dialect.loaded_dbapi

    with pytest.raises(driver.Error), database.look_up() as failing:
        failing.send("SELECT nothing FROM nowhere", ())

    with database.look_up() as reader:
        reader.send("SELECT 1", ())
        assert reader is not failing
        assert reader.cursor.fetchall() == [(1,)]


def test_a_refusal_keeps_the_reader(database: Database) -> None:
    """An error that is not the driver's says nothing about the connection."""
    with pytest.raises(LookupError), database.look_up() as refusing:
        raise LookupError

    with database.look_up() as reader:
        assert reader is refusing
