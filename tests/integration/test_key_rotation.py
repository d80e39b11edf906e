"""Rotation on real databases: one winner of many, each change audited, tokens last."""

import contextlib
import itertools
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from idp.audit.key_changes import audited_store, audited_within, initialise_keys
from idp.audit.log import AuditLog
from idp.audit.models import AuditEvent
from idp.storage.database import Database
from idp.storage.key_models import KeyRecord
from idp.storage.key_store import DatabaseRingStore
from idp.storage.versions import DatabaseVersionStore
from keys.errors import InvalidTokenError, KeyOrderError, StoreUnreachableError
from keys.ring import RINGS, Clock, Ring, State, state, timeline
from keys.ring_store import KeyChange
from keys.rotation import Rotator
from keys.secrets import NAMES, ServerSecrets
from keys.signers import KeyRings
from keys.signing_keys import SoftwareOpener
from keys.versions import StoredSealer
from tests.services import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

KEK = b"k" * 32
OPENER = SoftwareOpener(KEK)
LEAD, KEEP = 900, 900
CLOCKS = {ring.purpose: Clock(LEAD, KEEP) for ring in RINGS}
ACCESS, HINTS = Ring("access_token", "ES256"), Ring("id_token", "RS256")
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def after(seconds):
    """Return the moment so many seconds after the keys were made."""
    return NOW + timedelta(seconds=seconds)


def rotator_of(database):
    """Return the rotator whose changes are audited."""
    sealer = StoredSealer(DatabaseVersionStore(database), (KEK,), reread_after=2)
    store = audited_store(database, AuditLog(sealer))
    return Rotator(store, OPENER, CLOCKS)


def rings_of(database):
    """Return rings that read the database at each use."""
    return KeyRings(DatabaseRingStore(database), OPENER, CLOCKS, reread_after=0)


def sign(rings, claims, *, ring=ACCESS, now):
    """Return a token of the ring."""
    return rings.sign(claims, purpose=ring.purpose, alg=ring.alg, typ="JWT", now=now)


def verify(rings, token, *, ring=ACCESS, now):
    """Return the claims of a token of the ring."""
    return rings.verify(token, purposes=(ring.purpose,), typ="JWT", now=now)


def audited(database):
    """Return the key events in the order of the chain."""
    query = sa.select(AuditEvent.type).order_by(AuditEvent.month, AuditEvent.seq)
    with database.read() as connection:
        return list(connection.scalars(query))


def _start_and_rotate(url, barrier):
    with closing(Database(url)) as database:
        barrier.wait(timeout=60)
        initialise_keys(database, KEK, now=NOW)
        barrier.wait(timeout=60)
        rotator_of(database).rotate(ACCESS, now=after(1))


def test_parallel_processes_make_one_set_of_keys(database):
    """Three first starts at once, then three rotations: one key each, audited once."""
    url = database.engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [
        context.Process(target=_start_and_rotate, args=(url, barrier)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0, 0]
    rows = DatabaseRingStore(database).rows()
    assert sorted(row.ring for row in rows) == sorted([*RINGS, ACCESS])
    assert sorted(DatabaseRingStore(database).secrets()) == sorted(NAMES)
    first = ["KeyActivated"] * len(RINGS) + ["KeyPublished"] * len(RINGS)
    assert sorted(audited(database)) == [*first, "KeyPublished"]


def test_of_parallel_rotations_one_wins(database):
    """Twelve times six threads at once: one publishes, five find the key waiting."""
    initialise_keys(database, KEK, now=NOW)
    rotator, barrier, outcomes = rotator_of(database), threading.Barrier(6), []

    def work():
        for turn in range(12):
            barrier.wait()
            now = after(turn * LEAD + 1)
            outcomes.append((turn, rotator.rotate(ACCESS, now=now).outcome))

    together(work, 6)

    for turn in range(12):
        of_turn = sorted(outcome for number, outcome in outcomes if number == turn)
        assert of_turn == ["published"] + ["waiting"] * 5
    assert audited(database).count("KeyPublished") == len(RINGS) + 12


def test_of_parallel_kills_and_rotations_one_signs(database):
    """A killed key has one successor, whoever rotates, kills and tidies meanwhile."""
    initialise_keys(database, KEK, now=NOW)
    rotator, barrier = rotator_of(database), threading.Barrier(6)
    jobs = itertools.cycle(["kill", "rotate", "settle"])

    def work():
        job = next(jobs)
        for turn in range(8):
            now = after(turn * 2 * LEAD + 1)
            active = rotator.rehearse(ACCESS, now=now).active
            barrier.wait()
            if job == "kill":
                with contextlib.suppress(KeyOrderError):  # the other one was first
                    rotator.kill(active.kid, now=now, reason="a test")
            elif job == "rotate":
                rotator.rotate(ACCESS, now=now)
            else:
                rotator.settle(now=now)
            barrier.wait()

    together(work, 6)

    keys = timeline(rotator.store.rows(), ACCESS, keep_retired=KEEP)
    assert sum(key.compromised_at is not None for key in keys) == 8
    for key, successor in itertools.pairwise(keys):
        if key.compromised_at is not None:
            assert key.destroyed_at == key.retired_at == successor.activates_at
            assert key.private_sealed is None
    assert audited(database).count("KeyKilled") == 8


def together(work, number):
    """Run so many threads and raise what one of them raised."""
    with ThreadPoolExecutor(number) as pool:
        for done in [pool.submit(work) for _ in range(number)]:
            done.result()


def _rotate_half(url, reached):
    def stop(session, change):
        reached.set()
        threading.Event().wait()

    with closing(Database(url)) as database:
        store = DatabaseRingStore(database, stop)
        Rotator(store, OPENER, CLOCKS).rotate(ACCESS, now=after(1))


def test_a_process_killed_in_the_middle_leaves_what_was_before(database):
    """Its row was written and not committed; the next rotation is not held up."""
    initialise_keys(database, KEK, now=NOW)
    url = database.engine.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("spawn")
    reached, rotator = context.Event(), rotator_of(database)
    before = rotator.store.rows()
    process = context.Process(target=_rotate_half, args=(url, reached))
    process.start()
    assert reached.wait(60)
    process.kill()
    process.join()

    assert rotator.store.rows() == before
    assert rotator.rotate(ACCESS, now=after(2)).outcome == "published"


def test_a_rotation_joins_a_larger_transaction(database):
    """What was decided and what follows from it happen together, or neither does."""
    initialise_keys(database, KEK, now=NOW)
    rotator = rotator_of(database)
    audit = AuditLog(StoredSealer(DatabaseVersionStore(database), (KEK,)))
    with database.transaction() as session:
        joined = replace(rotator, store=audited_within(session, audit))
        assert joined.rotate(ACCESS, now=after(1)).outcome == "published"
        session.rollback()

    assert len(rotator.store.rows()) == len(RINGS)
    with database.transaction() as session:
        joined = replace(rotator, store=audited_within(session, audit))
        joined.rotate(ACCESS, now=after(1))
    assert rotator.rotate(ACCESS, now=after(2)).outcome == "waiting"


@pytest.mark.parametrize("ring", [ACCESS, HINTS], ids=lambda ring: ring.name)
def test_a_token_outlives_its_keys_reign(database, ring):
    """Two workers see a whole life: publish, take over, retire, destroy."""
    initialise_keys(database, KEK, now=NOW)
    one, other, rotator = rings_of(database), rings_of(database), rotator_of(database)
    upcoming = rotator.rotate(ring, now=NOW).upcoming

    assert upcoming.kid in {key["kid"] for key in one.jwks(NOW)["keys"]}
    old = sign(one, {"n": 1}, ring=ring, now=after(LEAD - 1))
    new = sign(other, {"n": 2}, ring=ring, now=after(LEAD))
    for rings in (one, other):
        assert verify(rings, old, ring=ring, now=after(LEAD + 600)) == {"n": 1}
        assert verify(rings, new, ring=ring, now=after(LEAD + 600)) == {"n": 2}
    rotator.settle(now=after(LEAD + KEEP))
    with pytest.raises(InvalidTokenError):
        verify(one, old, ring=ring, now=after(LEAD + KEEP))

    assert audited(database)[2 * len(RINGS) :] == [
        "KeyPublished",
        "KeyRetired",
        "KeyActivated",
        "KeyDestroyed",
    ]


def test_private_parts_are_sealed_and_then_gone(database):
    """No private number is readable in the table; a destroyed key has none at all."""
    initialise_keys(database, KEK, now=NOW)
    rotator = rotator_of(database)
    first = rotator.rotate(HINTS, now=NOW).active
    with database.read() as connection:
        sealed = connection.scalars(sa.select(KeyRecord.private_sealed)).all()
    # PKCS #8 of either kind begins with the version and its algorithm's identifier.
    assert not any(b"\x02\x01\x00\x30" in value for value in sealed)

    rotator.settle(now=after(LEAD + KEEP))

    row = next(row for row in rotator.store.rows() if row.kid == first.kid)
    assert row.private_sealed is None
    assert row.public_jwk == first.public_jwk
    (gone, _) = timeline(rotator.store.rows(), HINTS, keep_retired=KEEP)
    assert state(gone, after(LEAD + KEEP)) is State.GONE


def test_a_failed_audit_undoes_the_rotation(database):
    """No key changes without its event: both happen, or neither."""
    initialise_keys(database, KEK, now=NOW)

    def refuse(session, change):
        raise RuntimeError("the audit log is full")

    store = DatabaseRingStore(database, refuse)
    rotator = Rotator(store, OPENER, CLOCKS)
    with pytest.raises(RuntimeError, match="full"):
        rotator.rotate(ACCESS, now=after(1))

    assert len(store.rows()) == len(RINGS)


def test_a_store_without_an_auditor_changes_no_key(database):
    """The workers' store is for reading; a change through it is refused."""
    initialise_keys(database, KEK, now=NOW)
    store = DatabaseRingStore(database)

    with store.locked() as transaction, pytest.raises(RuntimeError, match="audit"):
        transaction.note(KeyChange("destroyed", "kid", ACCESS, NOW))


def test_readers_go_on_while_a_rotation_holds_the_lock(database):
    """The key set is served while another worker rotates."""
    initialise_keys(database, KEK, now=NOW)
    rings = rings_of(database)

    with DatabaseRingStore(database).locked():
        assert len(rings.jwks(NOW)["keys"]) == len(RINGS) - 1


def test_a_lost_table_keeps_the_last_keys(database, caplog):
    """Workers that have keys go on; a new one is told what is wrong."""
    initialise_keys(database, KEK, now=NOW)
    rings = rings_of(database)
    with database.transaction() as session:
        session.execute(sa.text("ALTER TABLE signing_keys RENAME TO lost"))
        session.execute(sa.text("ALTER TABLE server_secrets RENAME TO lost_too"))

    token = sign(rings, {"n": 1}, now=NOW)

    assert verify(rings, token, now=NOW) == {"n": 1}
    assert "the last keys stay" in caplog.text
    with pytest.raises(StoreUnreachableError):
        rings_of(database)
    with pytest.raises(StoreUnreachableError):
        ServerSecrets.load(DatabaseRingStore(database), KEK)
