"""New keys for sealed columns: rows are brought up while the provider goes on."""

from contextlib import closing, suppress
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp import clock
from idp.accounts import contacts, identifiers
from idp.accounts.models import Account, PersonalNumber
from idp.audit.factor_events import LostCardCleared
from idp.audit.log import AuditLog
from idp.audit.verification import verify
from idp.cli import main
from idp.enrolment import importing
from idp.enrolment.models import Dossier
from idp.factors import chip_lost, recovery_codes
from idp.factors.chip_card import document_index
from idp.registry.answers import LastAnswers
from idp.registry.embedded import EmbeddedRegistry
from idp.registry.port import Question
from idp.sealing import reseal, versions
from idp.sealing.columns import UNDER_KEK, is_in_use, sealed_tables
from idp.storage.columns import claim
from idp.storage.database import Database
from idp.storage.opening import open_sealer
from idp.storage.tables import all_tables
from keys.kek import create_kek, read_kek
from keys.sealing import index_version
from keys.versions import PURPOSES
from tests.dossier_files import dossiers, write_csv
from tests.driver import Browser, Portal, answer, citizen
from tests.services import BACKENDS

# Digests of random tokens under no key, and keys that are public.
_RANDOM = ("digest", "token_digest", "head_digest", "hash", "previous_hash")
_PUBLIC = ("webauthn_id", "public_key", "key_digest", "content")


def test_every_column_of_bytes_says_what_it_is():
    """A sealed column or an index that reseal would forget cannot be added."""
    untold = [
        f"{table.name}.{column.name}"
        for table in all_tables()
        if table.name not in UNDER_KEK
        for column in table.c
        if isinstance(column.type, sa.LargeBinary)
        and not {"sealed", "blind"} & set(column.info)
        and column.name not in _RANDOM + _PUBLIC
    ]
    assert not untold, "declare these with idp.storage.columns: sealed, blind"
    names = {
        f"{table.name}.{column.name}"
        for table in all_tables()
        for column in table.c
        if column.name.endswith(("_sealed", "_index"))
        and isinstance(column.type, sa.LargeBinary)
        and table.name not in UNDER_KEK
    }
    told = {
        f"{one.table.name}.{name}"
        for one in sealed_tables()
        for name in (*one.sealed, *one.blind)
    }
    assert names - told == {"audit_events.number_index"}  # it stays as it was chained


@pytest.fixture
def idp(config, tmp_path):
    """Return a function that runs `idp` on the loaded database."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [database]
        url = "{config.database.url}"
        [ephemeral]
        url = "embedded:{tmp_path}/commands.db"
        [keys]
        kek_file = "{config.keys.kek_file}"
        [staff]
        two_persons = false
        [sandbox]
        enabled = true
        """
    )

    def run(*arguments):
        result = CliRunner().invoke(main, ["--config", str(file), *arguments])
        assert "Traceback" not in result.output, result.output
        return result

    return run


def wait(provider, seconds):
    """Let time pass for the stored keys, and for the worker that read them."""
    ago = int(seconds * 1_000_000)
    with provider.database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE server_secrets SET created_at = created_at - {ago}, "
            f"activated_at = activated_at - {ago}"
        )
    provider.sealer._read_at = -1e9


def renewed(provider, *purposes):
    """Put new versions of the keys to use, as if the lead were over."""
    database, audit, now = provider.database, provider.audit, clock.now()
    kek = read_kek(provider.config.keys.kek_file)
    with database.transaction() as session:
        for purpose in purposes:
            versions.publish(session, audit, kek, purpose, now=now)
    wait(provider, 61)
    with database.transaction() as session:
        assert versions.activate(session, audit, provider.config, now=now)
    provider.sealer._read_at = -1e9


def someone(provider):
    """Return a citizen with password and authenticator app."""
    return citizen(provider, account_level=2, factors=["pwd", "totp"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_key_is_renewed_and_the_former_destroyed(idp, provider, client):
    """Published, used after the lead, rows brought up, destroyed once nothing is left.

    The provider that served before knows the new keys without a new start.
    """
    first = idp("keys", "reseal", "--renew", "seal", "--renew", "index")
    early = idp("keys", "reseal")
    assert "seal.2 is published" in first.output
    assert "Every row is under the keys in use" in early.output

    wait(provider, 61)
    done = idp("keys", "reseal")
    assert "index.2 is in use from now on" in done.output
    assert "0 left" in done.output
    assert done.exit_code == 0

    with provider.database.read() as connection:
        current = reseal.in_use(connection)
        assert (current.seal, current.index) == (2, 2)
        assert is_in_use(connection, 1) is None
        indexes = connection.scalars(sa.select(PersonalNumber.number_index)).all()
    assert {index_version(index) for index in indexes} == {2}

    assert "stays until" in idp("keys", "reseal", "--destroy", "1").output
    assert "not a retired one" in idp("keys", "reseal", "--destroy", "2").output
    wait(provider, 86_400)
    assert "version 1 is destroyed" in idp("keys", "reseal", "--destroy", "1").output
    with provider.database.read() as connection:
        sealed = connection.scalar(
            sa.text("SELECT sealed FROM server_secrets WHERE name = 'seal'")
        )
    assert bytes(sealed) == b""

    browser, portal = Browser(client), Portal.register(provider, "bank")
    browser.visit(portal.url())
    browser.sign_in(someone(provider))
    page = browser.submit(decision="allow")
    assert portal.redeem(client, answer(page)["code"])["claims"]["sub"]
    assert idp("audit", "verify").exit_code == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_number_names_two_accounts_across_a_renewal(provider):
    """A row that waits to be brought up stands against one under the new key."""
    database, person = provider.database, someone(provider)["personal_number"]
    with database.transaction() as writer:
        account_id = identifiers.find_account_id(writer, provider.sealer, person)
    renewed(provider, "index")

    with (
        pytest.raises(identifiers.NumberTakenError),
        database.transaction() as session,
    ):
        identifiers.assign_number(
            session, provider.sealer, account_id, person, now=clock.now()
        )


def activate_at_once(provider, now):
    """Put what waits to use, unless somebody has to be waited for."""
    with provider.database.transaction() as session:
        session.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
        versions.activate(session, provider.audit, provider.config, now=now)


@pytest.mark.parametrize("backend", ["production"])
def test_a_key_waits_for_those_who_write_under_the_one_before(provider):
    """Whoever claims a number under the old key is done before the new one is used."""
    database, audit, now = provider.database, provider.audit, clock.now()
    kek = read_kek(provider.config.keys.kek_file)
    with database.transaction() as session:
        versions.publish(session, audit, kek, "index", now=now)
    wait(provider, 61)
    number = identifiers.number_index(provider.sealer, "999099123456")

    with database.transaction() as writer:
        written = claim(writer, PersonalNumber.number_index, number)
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            activate_at_once(provider, now)
    with database.transaction() as session:
        assert versions.activate(session, audit, provider.config, now=now)

    assert index_version(written) == 1


def test_a_stopped_run_goes_on(provider):
    """After an interruption in the middle the next run does the rest."""
    renewed(provider, *PURPOSES)
    database = provider.database
    with database.read() as connection:
        current = reseal.in_use(connection)
        all_rows = reseal.count_behind(connection, current)

    def stop(_rows):
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        reseal.reseal(database, provider.sealer, current, batch=5, on_rows=stop)
    with database.read() as connection:
        left = reseal.count_behind(connection, current)
    outcome = reseal.reseal(database, provider.sealer, current)

    assert 0 < left < all_rows
    assert (outcome.rows, outcome.left, outcome.unreadable) == (left, 0, {})


def test_another_writer_wins(provider):
    """What somebody writes between the look and the write stays, and is brought up."""
    renewed(provider, "seal")
    database, sealer = provider.database, provider.sealer
    with database.read() as connection:
        current = reseal.in_use(connection)
        account_id = connection.scalar(
            sa.select(Account.id).where(Account.phone_sealed.is_not(None))
        )
    waiting = [account_id]
    seal = sealer.seal

    class Busy:
        """The sealer of the run, with a citizen who changes the phone meanwhile."""

        def __getattr__(self, name):
            return getattr(sealer, name)

        def seal(self, plaintext, *, context):
            if waiting and context == f"accounts.phone:{account_id}":
                waiting.clear()
                with database.transaction() as session:
                    contacts.change_phone(
                        session,
                        AuditLog(sealer),
                        sealer,
                        account_id,
                        "+84900000099",
                        now=clock.now(),
                    )
            return seal(plaintext, context=context)

    outcome = reseal.reseal(database, Busy(), current)

    with database.read() as connection:
        known = contacts.read_contacts(connection, sealer, account_id)
    assert known.phone == "+84900000099"
    assert outcome.left == 0
    assert not waiting


@pytest.mark.parametrize("backend", BACKENDS)
def test_another_kek_takes_over(idp, config, provider, tmp_path):
    """Who knows both opens everything; afterwards the new one alone does."""
    new, file = tmp_path / "new", tmp_path / "config.toml"
    create_kek(new)
    was = f'kek_file = "{config.keys.kek_file}"'
    both = f'kek_file = "{new}"\nformer_kek_file = "{config.keys.kek_file}"'
    text = file.read_text()

    file.write_text(text.replace(was, both))
    assert idp("keys", "status").exit_code == 0
    done = idp("keys", "reseal", "--kek", "--renew", "seal")
    assert "secrets and keys sealed anew" in done.output
    assert "\n0 secrets" in "\n" + idp("keys", "reseal", "--kek").output
    file.write_text(text)
    assert "another key-encryption key" in idp("keys", "reseal").output

    file.write_text(text.replace(was, f'kek_file = "{new}"'))
    assert idp("keys", "rotate").exit_code == 0
    assert idp("audit", "verify").exit_code == 0


def test_a_worker_looks_again_for_a_version_that_it_does_not_know(config, provider):
    """A value under a new version opens in a process that started before it."""
    with closing(Database(config.database.url)) as database:
        early = open_sealer(config, database)
        renewed(provider, "seal")
        sealed = provider.sealer.seal(b"x", context="c")
        early._read_at -= timedelta(seconds=2).total_seconds()

        assert early.open(sealed, context="c") == b"x"


def in_each_stage(provider, act):
    """Call `act` with a row under the old key, then with the row brought up."""
    renewed(provider, "index", "seal")
    act()
    database = provider.database
    with database.read() as connection:
        current = reseal.in_use(connection)
    outcome = reseal.reseal(database, provider.sealer, current)
    assert (outcome.left, outcome.unreadable) == (0, {})
    act()


def test_what_nobody_keeps_the_value_of_is_found_again(provider):
    """Recovery codes, cards reported lost and cached answers survive a renewal."""
    database, sealer, audit = provider.database, provider.sealer, provider.audit
    now, question = clock.now(), Question("999099123456", "An", "1990-01-01")
    answers = LastAnswers(database, sealer)
    codes = []
    with database.transaction() as session:
        person = someone(provider)["personal_number"]
        account_id = identifiers.find_account_id(session, sealer, person)
        codes += recovery_codes.make(session, audit, sealer, account_id, now=now)
        audit.record(session, LostCardCleared(None), now=now, number="999099123456")
    record = EmbeddedRegistry(database, sealer).find(person, now=now)
    answers.keep(question, record, now=now)

    def report():
        index = document_index(sealer, number="999099123456", document="099123456")
        with database.transaction() as session:
            chip_lost.add(
                session, audit, index, ground="lost", account_id=None, now=now
            )

    def look():
        index = document_index(sealer, number="999099123456", document="099123456")
        with database.transaction() as session:
            assert chip_lost.is_lost(session, index, issued_on=None)
            assert recovery_codes.verify(
                session, audit, sealer, account_id, code=codes.pop(), now=now
            )
        assert answers.find(question, since=now) == record
        report()  # anew, in the place of the former report
        with database.read() as connection:
            assert len(chip_lost.list_reports(connection)) == 1
            found = audit.recent(connection, uuid4(), 5, numbers=["999099123456"])
        assert [entry.type for entry in found] == ["LostCardCleared"]
        with database.snapshot() as connection:
            assert not verify(connection, sealer).faults

    report()
    in_each_stage(provider, look)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_import_knows_everybody_across_a_renewal(provider, tmp_path):
    """Who is there under the old key is refused; who is new comes under the new one."""
    first = write_csv(tmp_path / "first.csv", dossiers(3))
    importing.run(provider, first, now=clock.now())
    renewed(provider, "index")

    more = write_csv(tmp_path / "more.csv", dossiers(5))
    done = importing.run(provider, more, now=clock.now())

    assert (done.progress.taken, done.progress.refused) == (2, 3)
    with provider.database.read() as connection:
        indexes = connection.scalars(sa.select(Dossier.external_id_index)).all()
    assert sorted(map(index_version, filter(None, indexes))) == [1, 1, 1, 2, 2]


def test_a_version_with_values_under_it_stays(provider):
    """However long it is retired, a key goes only when nothing is left under it."""
    renewed(provider, "seal")
    wait(provider, 86_400)

    with (
        pytest.raises(versions.SealingKeyError, match="still has values"),
        provider.database.transaction() as session,
    ):
        versions.destroy(session, provider.audit, provider.config, 1, now=clock.now())
