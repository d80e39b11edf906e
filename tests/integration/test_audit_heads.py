"""Signed heads: what a database administrator does to the past is found outside."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp import clock
from idp.audit import heads, sinks
from idp.audit.checkpoints import Checkpoints
from idp.audit.events import PasswordChanged
from idp.audit.models import SignedHeadRow
from idp.audit.proof import gather, own_keys, stored
from idp.audit.verification import verify
from idp.cli import main
from idp.provider import Provider
from tests.integration.audit_side import EVENTS, HEADS, Rows, of_chain, rewrite, witness
from tests.services import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

NOW = datetime(2031, 3, 5, 9, 30, tzinfo=UTC)
MONTH, SHARD, OTHER = "2031-03", 7, 8
HERE = of_chain(MONTH, SHARD)


def append(provider: Provider, shard: int, rows: int, now: datetime = NOW) -> None:
    with provider.database.transaction() as session:
        for number in range(rows):
            at = now + timedelta(seconds=number)
            provider.audit.record(session, PasswordChanged(UUID(int=shard)), now=at)


@pytest.fixture
def signed(provider: Provider) -> Provider:
    """Return a provider with two chains: 4 rows under head 1, 7 under 2, 9 in all."""
    for number, rows in enumerate((4, 3, 2), start=1):
        append(provider, SHARD, rows)
        append(provider, OTHER, rows)
        if number < 3:
            assert heads.sign(provider, now=NOW + timedelta(minutes=number)) == 1
    return provider


def exported(provider: Provider) -> list[str]:
    with provider.database.snapshot() as connection:
        return list(sinks.lines(connection))


def proofs(provider: Provider) -> Checkpoints:
    with provider.database.snapshot() as connection:
        checkpoints, broken = stored(connection)
    assert broken is None
    return checkpoints


def second_type(rows: Rows) -> Rows:
    rows[1]["type"] = "PasswordRehashed"
    return rows


def swapped(rows: Rows) -> Rows:
    rows[4], rows[5] = rows[5], rows[4]
    return rows


def move(old: int, new: int) -> sa.Update:
    return sa.update(EVENTS).where(HERE, EVENTS.c.seq == old).values(seq=new)


# What is done to the chain of nine rows, and what is found: its first row and why.
SIGNED_4 = (1, "the rows up to 4 are not those that head 1 signed")
SIGNED_7 = (5, "the rows up to 7 are not those that head 2 signed")
DEEDS = {
    "a changed row": (
        lambda db: db.execute(
            sa.update(EVENTS).where(HERE, EVENTS.c.seq == 3).values(data="{}\n")
        ),
        (3, "the row was changed"),
    ),
    "a removed row": (
        lambda db: db.execute(sa.delete(EVENTS).where(HERE, EVENTS.c.seq == 6)),
        (6, "the row is missing"),
    ),
    "two rows that changed places": (
        lambda db: [db.execute(move(*step)) for step in ((2, 99), (3, 2), (99, 3))],
        (2, "the row does not follow the one before it"),
    ),
    "a chain made anew with another row": (
        lambda db: rewrite(db, MONTH, SHARD, second_type),
        SIGNED_4,
    ),
    "a chain made anew without a row": (
        lambda db: rewrite(db, MONTH, SHARD, lambda rows: rows[:2] + rows[3:]),
        SIGNED_4,
    ),
    "a chain made anew in another order": (
        lambda db: rewrite(db, MONTH, SHARD, swapped),
        SIGNED_7,
    ),
    "a tail cut off": (
        lambda db: rewrite(db, MONTH, SHARD, lambda rows: rows[:5]),
        (6, "the rows up to 7, which head 2 signed, are missing"),
    ),
    "a chain taken away": (
        lambda db: [
            db.execute(sa.delete(EVENTS).where(HERE)),
            db.execute(
                sa.delete(HEADS).where(HEADS.c.month == MONTH, HEADS.c.shard == SHARD)
            ),
        ],
        (1, "every row is missing"),
    ),
}


def test_each_deed_is_found_and_located(signed: Provider) -> None:
    """Up to the last head; of what came after it only the number is told."""
    with (
        closing(proofs(signed)) as checkpoints,
        signed.database.snapshot() as connection,
    ):
        whole = verify(connection, signed.sealer, checkpoints=checkpoints)
    assert (whole.faults, whole.uncovered) == ((), 4)

    found, expected = {}, {}
    for name, (deed, fault) in DEEDS.items():
        with signed.database.engine.connect() as connection:
            deed(connection)
            with closing(proofs(signed)) as checkpoints:
                report = verify(connection, signed.sealer, checkpoints=checkpoints)
            connection.rollback()
        found[name] = [(c.shard, c.fault.seq, c.fault.reason) for c in report.faults]
        expected[name] = [(SHARD, *fault)]
    assert found == expected


@pytest.fixture
def command(signed: Provider, tmp_path: Path):
    """Return `idp audit` on the provider's stores; heads go to a file."""
    config, settings = signed.config, tmp_path / "config.toml"
    settings.write_text(
        f'[database]\nurl = "{config.database.url}"\n'
        f'[ephemeral]\nurl = "{config.ephemeral.url}"\n'
        f'[keys]\nkek_file = "{config.keys.kek_file}"\n'
        "[sandbox]\nenabled = true\n"
        f'[audit]\nheads_file = "{tmp_path / "heads.jws"}"\n'
    )

    def run(*words: str):
        told = CliRunner().invoke(main, ["--config", str(settings), "audit", *words])
        return told.exit_code, told.output

    return run


def test_an_administrator_who_rewrites_everything_is_found_outside(
    signed: Provider, command, tmp_path: Path
) -> None:
    """Rows, heads and signed heads agree again; the files elsewhere do not."""
    heads_file, keys_file = tmp_path / "heads.jws", tmp_path / "keys.json"
    keys_file.write_text(command("heads", "keys")[1])
    outside = ("verify", "--heads", str(heads_file), "--keys", str(keys_file))
    assert command("heads", "sign")[0] == 0
    append(signed, OTHER, 5)

    before = command(*outside, "--without-kek")
    with signed.database.engine.begin() as connection:
        rewrite(connection, MONTH, SHARD, second_type)
        connection.execute(sa.text("DELETE FROM audit_signed_heads"))
        connection.execute(sa.text("DELETE FROM audit_signed_chains"))
    resigned = command("heads", "sign")
    inside, after = command("verify"), command(*outside, "--json")

    assert before[0] == 0
    assert "5 events since are not yet covered." in before[1]
    assert "Every chain is whole." in before[1]
    assert resigned[0] == 0
    assert inside[0] == 0, "who has only the database sees nothing"
    assert after[0] == 1
    told = json.loads(after[1])
    assert told["heads"] == 3
    assert told["faults"] == [
        {"month": MONTH, "shard": SHARD, "event": SIGNED_4[0], "reason": SIGNED_4[1]}
    ]
    assert "not the database's" in command("heads", "status")[1]
    assert len(heads_file.read_text().splitlines()) == 3, "the file keeps the past"


def test_forged_heads_are_found(signed: Provider, command, tmp_path: Path) -> None:
    """One changed, one left out, one of a foreign key; and without keys no answer."""
    lines = exported(signed)
    append(signed, SHARD, 1)
    heads.sign(signed, now=NOW + timedelta(minutes=9))
    lines = exported(signed)
    with signed.database.read() as connection:
        keys = own_keys(connection)
    said = {}
    for name, some in {
        "changed": [lines[0], lines[1][:-8] + "AAAAAAAA", lines[2]],
        "left out": [lines[0], lines[2]],
        "another beginning": lines[1:],
    }.items():
        checkpoints, broken = gather(some, keys)
        checkpoints.close()
        said[name] = (broken.number, broken.reason)
    _, foreign = gather(lines, {})

    assert said == {
        "changed": (2, "the signature does not match"),
        "left out": (2, "head 3 stands there"),
        "another beginning": (1, "head 2 stands there"),
    }
    assert "a key that is not known" in foreign.reason
    heads_file = tmp_path / "some.jws"
    heads_file.write_text("\n".join([lines[0], lines[2]]))
    (tmp_path / "no.json").write_text('{"keys": []}')
    (tmp_path / "bad.json").write_text('{"keys": [{"kty": "RSA"}]}')
    verify_with = ("verify", "--heads", str(heads_file), "--keys")
    assert command(*verify_with, str(tmp_path / "no.json"))[0] == 1
    assert command(*verify_with, str(tmp_path / "bad.json"))[0] == 2
    assert command("verify", "--heads", str(heads_file))[0] == 2


def test_workers_that_sign_at_once_make_one_row_of_heads(signed: Provider) -> None:
    """Whoever is late signs nothing; nothing is signed twice, nothing left out."""

    def work(number: int) -> None:
        append(signed, number, 1)
        heads.sign(signed, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    heads.sign(signed, now=NOW)

    with (
        closing(proofs(signed)) as checkpoints,
        signed.database.snapshot() as connection,
    ):
        report = verify(connection, signed.sealer, checkpoints=checkpoints)
        state = heads.latest(connection)
    assert (report.faults, report.uncovered, state.uncovered) == ((), 0, 0)
    assert state.number == checkpoints.heads
    assert heads.sign(signed, now=NOW) == 0


def test_heads_are_signed_by_time_and_by_number(signed: Provider) -> None:
    """After a minute if anything happened, or at once after many events."""
    newest = NOW + timedelta(minutes=2)

    assert heads.sign_due(signed, now=newest + timedelta(seconds=59)) == 0
    assert heads.sign_due(signed, now=newest + timedelta(seconds=60)) == 1
    assert heads.sign_due(signed, now=newest + timedelta(hours=1)) == 0
    append(signed, SHARD, 3)
    busy = with_audit(signed, sign_after=3)
    assert heads.sign_due(busy, now=newest + timedelta(seconds=61)) == 1


def with_audit(provider: Provider, **values) -> Provider:
    audit = replace(provider.config.audit, **values)
    return replace(provider, config=replace(provider.config, audit=audit))


def test_the_file_goes_on_after_a_crash_and_stops_at_a_fork(
    signed: Provider, tmp_path: Path
) -> None:
    """A line cut short comes again; heads that do not follow are not written."""
    file = tmp_path / "heads.jws"
    filing = with_audit(signed, heads_file=file)
    sinks.write_file(filing, now=NOW)
    whole = file.read_text()
    file.write_text(whole[:-300])
    sinks.write_file(filing, now=NOW)

    with signed.database.read() as connection:
        keys = own_keys(connection)
    checkpoints, broken = gather(file.read_text().splitlines(), keys)
    checkpoints.close()
    assert (checkpoints.heads, broken) == (2, None)
    with signed.database.engine.begin() as connection:
        connection.execute(sa.delete(SignedHeadRow).where(SignedHeadRow.number == 2))
    heads.sign(signed, now=NOW + timedelta(hours=1))
    kept = file.read_text()
    sinks.write_file(filing, now=NOW)
    with signed.database.read() as connection:
        (sink,) = heads.latest(connection).sinks
    assert sink.failure == "head 2 of the file is not the database's"
    assert file.read_text() == kept


def test_an_address_is_told_until_it_takes_the_heads(
    signed: Provider, tmp_path: Path
) -> None:
    """In order, with its token, later and later; how far it is behind is told."""
    token = tmp_path / "token"
    token.write_text("secret\n")
    now = clock.now()

    def state():
        with signed.database.read() as connection:
            (sink,) = heads.latest(connection).sinks
        return sink.behind, sink.failure

    with witness() as outside:
        posting = with_audit(signed, heads_url=outside.uri, heads_token_file=token)
        outside.answers = [503]
        sinks.post_due(posting, now=now)
        failed = state()
        sinks.post_due(posting, now=now + timedelta(seconds=29))
        early = list(outside.lines)
        sinks.post_due(posting, now=now + timedelta(seconds=30))
        sinks.post_due(posting, now=now + timedelta(hours=1))
    assert failed == (2, "answered 503")
    assert early == []
    assert outside.lines == exported(signed)
    assert outside.tokens == {"Bearer secret"}
    assert state() == (0, None)
    heads.sign(signed, now=now)
    sinks.post_due(posting, now=now + timedelta(hours=2))
    assert state() == (1, "ConnectionRefusedError")
    with signed.database.engine.begin() as connection:
        starve = "UPDATE audit_sinks SET number = 1073741824, failure = NULL"
        connection.execute(sa.text(starve))
    assert state() == (3, heads.AHEAD), "starved, and seen"


SILENCE = {
    # What a trigger does: the table of what was signed says what stands in the chain.
    "say": "INSERT INTO audit_signed_chains (month, shard, seq, hash, purged_by)"
    " SELECT month, shard, seq, hash, 1 FROM audit_heads WHERE shard = :shard",
    "forget": "DELETE FROM audit_signed_chains WHERE shard = :shard",
}


def test_no_table_silences_a_chain(signed: Provider) -> None:
    """Each head tells every chain of its month, whatever is said to be signed."""
    for deed in ("forget", "say"):
        with signed.database.engine.begin() as connection:
            connection.execute(sa.text(SILENCE[deed]), {"shard": SHARD})
    with signed.database.read() as connection:
        assert heads.latest(connection).uncovered == 4

    assert heads.sign(signed, now=NOW + timedelta(minutes=3)) == 1

    with closing(proofs(signed)) as checkpoints:
        assert {place.shard for place in checkpoints.newest.chains} == {SHARD, OTHER}
        assert checkpoints.newest.chains[(MONTH, SHARD)].seq == 9
    append(signed, OTHER, 1)
    heads.sign(signed, now=NOW + timedelta(days=31))
    heads.sign(signed, now=NOW + timedelta(days=31, minutes=1))
    append(signed, OTHER, 1, now=NOW + timedelta(days=31))
    heads.sign(signed, now=NOW + timedelta(days=31, minutes=2))
    append(signed, OTHER, 1, now=NOW + timedelta(days=31))
    heads.sign(signed, now=NOW + timedelta(days=31, minutes=3))
    with closing(proofs(signed)) as checkpoints:
        told = set(checkpoints.newest.chains)
    assert told == {("2031-04", OTHER)}, "a month that is over and signed is left out"


def test_rows_that_later_heads_left_out_are_a_fault(signed: Provider) -> None:
    """They are not only counted: the first of them is told."""
    with (
        closing(proofs(signed)) as checkpoints,
        signed.database.snapshot() as connection,
    ):
        checkpoints.late = 119
        report = verify(connection, signed.sealer, checkpoints=checkpoints)
        checkpoints.late = 120
        patient = verify(connection, signed.sealer, checkpoints=checkpoints)
    reason = "no head covers the row, though later ones were signed"
    assert [(c.shard, c.fault.seq, c.fault.reason) for c in report.faults] == [
        (SHARD, 8, reason), (OTHER, 8, reason),
    ]  # fmt: skip
    assert patient.faults == ()


def test_a_head_comes_though_nothing_happened(signed: Provider) -> None:
    """Once an hour: outside, heads that come no longer are an alarm."""
    heads.sign(signed, now=NOW + timedelta(minutes=3))
    quiet = NOW + timedelta(minutes=3, seconds=3600)

    assert heads.sign_due(signed, now=quiet - timedelta(seconds=1)) == 0
    assert heads.sign_due(signed, now=quiet) == 1
    assert heads.sign_due(signed, now=quiet) == 0
