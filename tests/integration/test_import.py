"""Importing dossiers: every row once, whole, and whoever stops it at any moment."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp import clock
from idp.accounts.contacts import read_contacts
from idp.accounts.identifiers import current_number, find_account_id
from idp.accounts.identity import read_identity
from idp.accounts.lifecycle import live_locks
from idp.accounts.models import Account
from idp.audit.verification import verify
from idp.cli import main
from idp.config import Config
from idp.enrolment import importing
from idp.enrolment.importing_file import ImportFileError
from idp.enrolment.importing_models import ImportRun, RefusedRow
from idp.enrolment.importing_writer import ImportedElsewhereError
from idp.enrolment.models import Dossier
from idp.enrolment.record import open_evidence
from idp.locks import sweeping
from idp.provider import Provider
from tests.dossier_files import dossier, dossiers, write_csv, write_jsonl
from tests.services import BACKENDS

both = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def config(config: Config) -> Config:
    """Let a block be small, so that a file has several."""
    object.__setattr__(config.imports, "chunk", 20)
    return config


def run(provider: Provider, path: Path, **more) -> importing.Imported:
    return importing.run(provider, path, now=clock.now(), **more)


def counts(provider: Provider, done: importing.Imported) -> tuple[int, int, int]:
    """Return how many rows were taken and refused, and how many dossiers there are."""
    with provider.database.read() as connection:
        there = connection.scalar(sa.select(sa.func.count(Dossier.id)))
    return done.progress.taken, done.progress.refused, there


def codes(provider: Provider) -> dict[int, str]:
    with provider.database.read() as connection:
        rows = connection.execute(sa.select(RefusedRow.line, RefusedRow.code))
        return dict(rows.all())


def is_whole(provider: Provider) -> bool:
    with provider.database.snapshot() as connection:
        return not verify(connection, provider.sealer).faults


@both
@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_every_row_is_an_account_with_its_dossier(
    provider: Provider, tmp_path: Path, write
) -> None:
    """What was in the file is in the database, sealed, with events in whole chains."""
    path = write(tmp_path / f"d.{write.__name__[6:]}", dossiers(50))

    done = run(provider, path)

    assert counts(provider, done) == (50, 0, 50)
    sealer, wanted = provider.sealer, dossier(25)
    with provider.database.read() as connection:
        account = find_account_id(connection, sealer, wanted["personal_number"])
        assert account is not None
        assert current_number(connection, sealer, account) == wanted["personal_number"]
        identity = read_identity(connection, sealer, account)
        assert identity.full_name == "Hoàng Văn Lan"
        assert identity.document.expires_on == "2034-08-01"
        assert read_contacts(connection, sealer, account).phone == wanted["phone"]
        kept = connection.execute(
            sa.select(Dossier.__table__).where(Dossier.account_id == account)
        ).one()
        events = provider.audit.recent(connection, account, 5)
    assert (kept.kind, kept.state, kept.province_code) == ("level2", "granted", "26")
    assert kept.due_at == datetime(2026, 10, 8, 17, 0, tzinfo=UTC)
    evidence = open_evidence(sealer, kept.evidence_sealed, kept.id)
    assert evidence["person"]["number"] == wanted["personal_number"]
    assert [event.type for event in events] == ["AccountImported"]
    assert is_whole(provider)


@both
def test_rows_that_cannot_be_taken_are_told_by_line_and_code(
    provider: Provider, tmp_path: Path
) -> None:
    """Each mistake has its stable code; sound rows around them are taken."""
    wrong = {
        "personal_number": ("12345", "DD-IMP-002"),
        "given_name": ("", "DD-IMP-003"),
        "birth_date": ("2001-02-30", "DD-IMP-003"),
        "gender": ("m", "DD-IMP-003"),
        "document_issuer": ("", "DD-IMP-003"),
        "phone": ("0212345678", "DD-IMP-004"),
        "email": ("nobody", "DD-IMP-005"),
        "level": ("3", "DD-IMP-006"),
        "state": ("closed", "DD-IMP-006"),
        "submitted_at": ("2026-10-05T09:30:00", "DD-IMP-007"),
        "external_id": ("x" * 65, "DD-IMP-008"),
    }
    rows = [
        {**dossier(number), name: value}
        for number, (name, (value, _)) in enumerate(wrong.items())
    ]
    baby = dossier(11) | {"birth_date": "2025", "level": "2"}
    ahead = dossier(12) | {"submitted_at": "2099-01-01T00:00:00Z"}
    again = dossier(20)
    double = [
        again | {"external_id": "A", "phone": ""},
        again | {"personal_number": dossier(21)["personal_number"], "phone": ""},
        again | {"external_id": "B", "personal_number": dossier(22)["personal_number"]},
    ]
    path = write_csv(tmp_path / "d.csv", [*rows, baby, ahead, again, *double])
    with path.open("ab") as file:
        file.write(b"too,few\n\xff\xfe\n" + b"x" * 40_000 + b"\n\n")

    done = run(provider, path)

    expected = [code for _, code in wrong.values()]
    expected += ["DD-IMP-009", "DD-IMP-007", None]
    expected += ["DD-IMP-010", "DD-IMP-012", "DD-IMP-011"]
    expected += ["DD-IMP-001", "DD-IMP-001", "DD-IMP-013"]
    told = {line: code for line, code in enumerate(expected, start=2) if code}
    assert codes(provider) == told
    assert counts(provider, done) == (1, len(told), 1)


@both
def test_a_second_run_takes_nothing_and_another_file_only_what_is_new(
    provider: Provider, tmp_path: Path
) -> None:
    """Whether the same file comes again or its rows in another one."""
    run(provider, write_csv(tmp_path / "d.csv", dossiers(30)))
    (tmp_path / "d.csv").rename(tmp_path / "renamed.csv")

    again = run(provider, tmp_path / "renamed.csv")
    other = run(provider, write_csv(tmp_path / "e.csv", dossiers(40)))

    assert again.was_finished
    assert counts(provider, other) == (10, 30, 40)
    assert set(codes(provider).values()) == {"DD-IMP-012"}


class StoppedError(Exception):
    """Stands for the end of the process."""


@both
@pytest.mark.parametrize("workers", [0, 2])
def test_an_import_goes_on_where_it_was_stopped(
    provider: Provider, tmp_path: Path, workers: int
) -> None:
    """Twice on the way, and the counts are those of one run."""
    path = write_csv(tmp_path / "d.csv", [*dossiers(90), dossier(3)])

    def stop_after(blocks: int):
        seen = []

        def on_block(progress) -> None:
            seen.append(progress)
            if len(seen) > blocks:
                raise StoppedError

        return on_block

    for blocks in (1, 2):
        with pytest.raises(StoppedError):
            run(provider, path, workers=workers, on_block=stop_after(blocks))
    done = run(provider, path, workers=workers)

    assert counts(provider, done) == (90, 1, 90)
    assert codes(provider) == {92: "DD-IMP-012"}
    assert done.resumed_at > 0
    assert is_whole(provider)


@both
def test_two_processes_cannot_import_one_file(
    provider: Provider, tmp_path: Path
) -> None:
    """Whoever finds the position moved gives up, and nothing is doubled."""
    path = write_csv(tmp_path / "d.csv", dossiers(60))
    begun = []

    def other(_) -> None:
        if not begun:
            begun.append(True)
            run(provider, path)

    with pytest.raises(ImportedElsewhereError):
        run(provider, path, on_block=other)

    assert counts(provider, run(provider, path)) == (60, 0, 60)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("d.txt", "external_id\n"),
        ("d.csv", "external_id,personal_number\n1,2\n"),
        ("d.csv", "external_id,personal_number,given_name,birth_date,gender,shoe\n"),
        ("d.csv", '"external_id\n'),
        ("d.csv", ""),
    ],
)
def test_a_file_of_another_kind_is_refused_whole(
    provider: Provider, tmp_path: Path, name: str, text: str
) -> None:
    """A wrong header would make every row wrong."""
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(ImportFileError):
        run(provider, path)
    with provider.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count(ImportRun.id))) == 0


def test_json_rows_that_are_no_objects_are_refused(
    provider: Provider, tmp_path: Path
) -> None:
    """Lists, texts, depths and values within values are no dossiers."""
    row = json.dumps(dossier(1) | {"phone": ["+84900000001"]})
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join(["[1]", '"x"', "[" * 9000, "{}", row]))

    run(provider, path)

    assert codes(provider) == dict.fromkeys(range(1, 6), "DD-IMP-001")


def test_children_foreigners_and_their_representatives(
    provider: Provider, tmp_path: Path
) -> None:
    """The kind follows age and nationality; who filed is known if they have one."""
    parent = dossier(1)
    child = dossier(2) | {
        "birth_date": "2016-05-01",
        "representative_number": parent["personal_number"],
    }
    orphan = dossier(3) | {"birth_date": "2016", "representative_number": "1"}
    foreigner = dossier(4) | {"nationality": "FR", "level": "2"}
    path = write_jsonl(tmp_path / "d.jsonl", iter([parent, foreigner]))
    run(provider, path)
    run(provider, write_jsonl(tmp_path / "e.jsonl", iter([child, orphan])))

    with provider.database.read() as connection:
        rows = connection.execute(
            sa.select(Dossier.kind, Dossier.filed_by).order_by(Dossier.kind)
        ).all()
        filer = find_account_id(connection, provider.sealer, parent["personal_number"])
    assert rows == [
        ("level1_child", filer),
        ("level2", None),
        ("level2_foreigner", None),
    ]
    assert codes(provider) == {2: "DD-IMP-014"}


def test_states_and_their_moments(provider: Provider, tmp_path: Path) -> None:
    """A row may say when it was granted and activated, not against its state."""
    day = "2026-10-0{}T10:00:00+07:00".format
    rows = [
        dossier(1) | {"state": "active", "granted_at": day(6), "activated_at": day(7)},
        dossier(2) | {"state": "granted", "granted_at": day(6)},
        dossier(3) | {"state": "granted", "activated_at": day(7)},
        dossier(4) | {"state": "submitted", "granted_at": day(6)},
        dossier(5) | {"state": "active", "granted_at": day(1)},
    ]
    run(provider, write_jsonl(tmp_path / "d.jsonl", iter(rows)))

    assert codes(provider) == dict.fromkeys((3, 4, 5), "DD-IMP-007")
    with provider.database.read() as connection:
        query = (
            sa.select(Account.state, Account.granted_at, Account.activated_at)
            .join(Dossier, Dossier.account_id == Account.id)
            .order_by(Account.state)
        )
        active, granted = connection.execute(query).all()
    assert active == (
        "active",
        datetime(2026, 10, 6, 3, tzinfo=UTC),
        datetime(2026, 10, 7, 3, tzinfo=UTC),
    )
    assert granted == ("granted", datetime(2026, 10, 6, 3, tzinfo=UTC), None)


@both
def test_an_imported_paper_ends(provider: Provider, tmp_path: Path) -> None:
    """The day after its last one its account locks, if it is granted."""
    rows = [dossier(index) | {"state": "granted"} for index in range(4)]
    rows[0] |= {"document_expires_on": "2029-05-31"}
    rows[1] |= {"document_expires_on": ""}
    rows[2] |= {"document_type": "birth_certificate"}
    rows[3] |= {"state": "submitted"}
    run(provider, write_csv(tmp_path / "in.csv", rows))
    sweeping.sweep(provider, now=datetime(2040, 1, 1, tzinfo=UTC))

    with provider.database.read() as connection:
        found = [
            find_account_id(connection, provider.sealer, row["personal_number"])
            for row in rows
        ]
        locks = [live_locks(connection, one) for one in found]
    assert locks == [("card_expired",), (), (), ()]


def test_the_command_tells_counts_and_writes_the_report(
    provider: Provider, tmp_path: Path, services
) -> None:
    """Lines instead of a bar where there is no terminal; no value is repeated."""
    path = write_csv(tmp_path / "d.csv", [*dossiers(5), dossier(2), dossier(9)])
    settings = tmp_path / "config.toml"
    settings.write_text(
        f'[database]\nurl = "{provider.config.database.url}"\n'
        f'[ephemeral]\nurl = "{provider.config.ephemeral.url}"\n'
        f'[keys]\nkek_file = "{provider.config.keys.kek_file}"\n'
        "[sandbox]\nenabled = true\n"
    )

    told = CliRunner().invoke(
        main, ["--config", str(settings), "enrol", "import", str(path)]
    )

    assert told.exit_code == 0, told.output
    assert "100%  6 taken, 1 refused" in told.output
    with (tmp_path / "d.csv.refused.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[1][:2] == ["7", "DD-IMP-012"]
    assert len(rows) == 2
    assert "PROVE" not in (tmp_path / "d.csv.refused.csv").read_text()
    again = CliRunner().invoke(
        main, ["--config", str(settings), "enrol", "import", str(path)]
    )
    assert "nothing was done" in again.output
