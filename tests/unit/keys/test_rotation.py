"""Rotation writes what the clock needs, records what it ended, and repeats safely."""

import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import rotation
from keys.errors import KeyMaterialError, KeyOrderError
from keys.ring import RINGS, Clock, Ring, State, generated, state, timeline
from keys.ring_store import KeyChange
from keys.rotation import Rotator, create_first
from keys.signing_keys import SoftwareOpener
from tests.unit.keys.memory_store import (
    CLOCKS,
    KEEP,
    LEAD,
    OPENER,
    START,
    MemoryRingStore,
    after,
    begun,
    rotator_of,
)

ES256, RS256 = Ring("id_token", "ES256"), Ring("id_token", "RS256")


def begun_with_rotator():
    """Return a store with every first key and the rotator of it."""
    store = begun()
    return store, rotator_of(store)


def kinds(store, ring=ES256):
    """Return what was noted about a ring."""
    return [change.kind for change in store.noted if change.ring == ring]


def test_first_keys_sign_at_once():
    """Each ring gets one, noted as published and activated; repeating adds nothing."""
    store, _ = begun_with_rotator()

    assert create_first(store, OPENER, now=after(5)) == []
    assert sorted(key.ring for key in store.rows()) == sorted(RINGS)
    for ring in RINGS:
        (key,) = timeline(store.rows(), ring, keep_retired=KEEP)
        assert state(key, START) is State.ACTIVE
        assert kinds(store, ring) == ["published", "activated"]


def test_a_missing_ring_is_filled_in():
    """Only the ring without a key gets one."""
    store, _ = begun_with_rotator()
    (es256,) = (key for key in store.rows() if key.ring == ES256)
    del store.stored[es256.kid]

    (created,) = create_first(store, OPENER, now=after(5))

    assert created.ring == ES256


def test_rotate_publishes_and_waits():
    """The next key signs after the lead; repeating meanwhile changes nothing."""
    store, rotator = begun_with_rotator()

    first = rotator.rotate(ES256, now=after(10))
    again = rotator.rotate(ES256, now=after(909))

    assert first.outcome == "published"
    assert first.upcoming.activates_at == after(910)
    assert again.outcome == "waiting"
    assert again.upcoming == first.upcoming
    assert again.active == replace(first.active)
    assert kinds(store) == ["published", "activated", "published"]


def test_the_clock_activates_and_rotate_records_it():
    """After the lead a rotation records the change and publishes the key after."""
    store, rotator = begun_with_rotator()
    second = rotator.rotate(ES256, now=START).upcoming

    third = rotator.rotate(ES256, now=after(1000))

    assert third.active.kid == second.kid
    assert third.outcome == "published"
    kinds_of_third = [change.kind for change in third.changes]
    assert kinds_of_third == ["retired", "activated", "published"]
    (first,) = (key for key in store.rows() if key.retired_at)
    assert first.retired_at == after(900)
    assert first.private_sealed


def test_settle_destroys_what_is_gone():
    """The private part vanishes when the key verifies no more; once."""
    store, rotator = begun_with_rotator()
    first = rotator.rotate(ES256, now=START).active

    assert rotator.settle(now=after(899)) == []
    assert [c.kind for c in rotator.settle(now=after(900))] == ["retired", "activated"]
    assert rotator.settle(now=after(1799)) == []
    destroyed = rotator.settle(now=after(1800))

    assert destroyed == [KeyChange("destroyed", first.kid, ES256, after(1800))]
    assert store.stored[first.kid].private_sealed is None
    assert store.stored[first.kid].destroyed_at == after(1800)
    assert rotator.settle(now=after(9999)) == []


def test_settle_catches_up_in_one_go():
    """Retirement and destruction long past are both recorded, in order."""
    store, rotator = begun_with_rotator()
    rotator.rotate(RS256, now=START)

    changes = rotator.settle(now=after(10**6))

    assert [change.kind for change in changes] == ["retired", "activated", "destroyed"]
    assert kinds(store, RS256)[3:] == ["retired", "activated", "destroyed"]


def test_a_killed_key_is_succeeded_at_once():
    """Nothing of it is left; a new key signs from that very moment."""
    store, rotator = begun_with_rotator()
    old = rotator.rotate(RS256, now=START).active
    (old,) = (key for key in store.rows() if key.ring == ES256)

    killing = rotator.kill(old.kid, now=after(50), reason="a lost backup")

    assert killing.outcome == "killed"
    assert killing.upcoming is None
    assert killing.active.activates_at == after(50)
    dead = store.stored[old.kid]
    assert state(dead, after(50)) is State.GONE
    assert dead.private_sealed is None
    assert dead.compromised_at == dead.retired_at == dead.destroyed_at == after(50)
    assert kinds(store)[2:] == ["killed", "published", "activated"]
    assert [change.reason for change in store.noted if change.reason] == [
        "a lost backup"
    ]


def test_the_waiting_key_succeeds_a_killed_one():
    """What portals have fetched already is used first; then a new one, not a spare."""
    store, rotator = begun_with_rotator()
    first = rotator.rotate(ES256, now=START)
    spare = OPENER.generate(ES256, now=START)
    store.add(spare)

    second = rotator.kill(first.active.kid, now=after(50), reason="a test")
    third = rotator.kill(second.active.kid, now=after(50), reason="a test")

    assert second.active.kid == first.upcoming.kid
    assert third.active.kid not in {first.active.kid, second.active.kid, spare.kid}
    assert third.active.activates_at > after(50)  # strictly, in one instant too
    assert generated(store.rows(), ES256, after(51)) == (spare,)
    assert len(timeline(store.rows(), ES256, keep_retired=KEEP)) == 3


def test_a_killed_waiting_key_never_signs():
    """The active one signs on, and another may wait then."""
    _, rotator = begun_with_rotator()
    first = rotator.rotate(ES256, now=START)

    killing = rotator.kill(first.upcoming.kid, now=after(10), reason="a test")
    again = rotator.rotate(ES256, now=after(2000))

    assert killing.active.kid == again.active.kid == first.active.kid
    assert killing.upcoming is None
    assert again.outcome == "published"


def test_a_killed_retired_key_verifies_no_more():
    """At once, long before its time; its successor is not touched."""
    store, rotator = begun_with_rotator()
    first = rotator.rotate(ES256, now=START)

    killing = rotator.kill(first.active.kid, now=after(LEAD), reason="a test")

    assert killing.active.kid == first.upcoming.kid
    assert killing.active.activates_at == after(LEAD)
    assert state(store.stored[first.active.kid], after(LEAD)) is State.GONE
    assert kinds(store)[3:] == ["retired", "activated", "killed"]


def test_a_generated_key_waits_for_its_publication():
    """It is seen by nobody until it is published by name; a rotation passes it by."""
    store, rotator = begun_with_rotator()
    one, two = (OPENER.generate(ES256, now=after(n)) for n in (1, 2))
    store.add(one)
    store.add(two)

    published = rotator.publish(two.kid, now=after(10)).upcoming
    then = rotator.rotate(ES256, now=after(2000))
    killed = rotator.kill(then.upcoming.kid, now=after(2001), reason="a test")
    after_kill = rotator.kill(killed.active.kid, now=after(2002), reason="a test")

    assert (published.kid, published.activates_at) == (two.kid, after(10 + LEAD))
    assert one.kid not in {then.upcoming.kid, after_kill.active.kid}
    assert generated(store.rows(), ES256, after(2002)) == (one,)


def test_wrong_orders_are_refused():
    """No second next key, no second publication, nothing after the destruction."""
    store, rotator = begun_with_rotator()
    spare = OPENER.generate(ES256, now=START)
    store.add(spare)
    first = rotator.rotate(RS256, now=START)
    rotator.kill(first.active.kid, now=after(1), reason="a test")
    published = rotator.rotate(ES256, now=after(1)).upcoming
    before = dict(store.stored)

    for step in (
        lambda: rotator.publish(published.kid, now=after(2)),
        lambda: rotator.publish(spare.kid, now=after(2)),
        lambda: rotator.publish(first.active.kid, now=after(2)),
        lambda: rotator.kill(first.active.kid, now=after(2), reason="again"),
        lambda: rotator.publish("nobody", now=after(2)),
        lambda: rotator.kill("nobody", now=after(2), reason="a test"),
    ):
        with pytest.raises(KeyOrderError):
            step()
    assert store.stored == before


def test_a_ring_that_never_began_is_refused():
    """The message names the command that begins it."""
    rotator = rotator_of(MemoryRingStore())

    with pytest.raises(KeyMaterialError, match="idp keys init"):
        rotator.rotate(ES256, now=START)


class _ActivatesMeanwhile(MemoryRingStore):
    """Another worker makes the waiting key sign between our look and our lock."""

    def rows(self):
        rows = super().rows()
        if self.reads == 1:
            for key in rows:
                self.stored[key.kid] = replace(key, activates_at=key.published_at)
        return rows


def test_what_waited_may_have_begun_to_sign():
    """Rotation looks again inside the lock, and then makes the key it needs."""
    store = _ActivatesMeanwhile()
    for moment, begins in ((START, START), (after(10), after(10 + LEAD))):
        key = OPENER.generate(ES256, now=moment)
        store.add(replace(key, published_at=moment, activates_at=begins))
    rotator = rotator_of(store)

    rotation = rotator.rotate(ES256, now=after(20))

    assert rotation.outcome == "published"
    assert len(store.stored) == 3


def test_parallel_rotations_publish_one_key():
    """Of many at once one publishes, all others find it waiting."""
    store, rotator = begun_with_rotator()
    outcomes, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        outcomes.append(rotator.rotate(ES256, now=after(1)).outcome)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["published"] + ["waiting"] * 7
    assert kinds(store).count("published") == 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2500), st.sampled_from(["rotate", "kill", "settle"])),
        max_size=10,
    )
)
def test_every_change_is_noted_exactly_once(steps):
    """Over any commands: one active key, and a life in order for every key."""
    store, rotator = begun_with_rotator()
    seconds = 0
    for wait, command in steps:
        seconds += wait
        if command == "settle":
            rotator.settle(now=after(seconds))
            continue
        active = rotator.rotate(ES256, now=after(seconds)).active
        if command == "kill":
            rotator.kill(active.kid, now=after(seconds), reason="a test")
    rotator.settle(now=after(seconds + 10_000))

    keys = timeline(store.rows(), ES256, keep_retired=KEEP)
    for number, key in enumerate(keys, 1):
        noted = [change.kind for change in store.noted if change.kid == key.kid]
        end = ["killed"] if key.compromised_at else ["retired", "destroyed"]
        whole = ["published", "activated", *end]
        assert noted == (whole if number < len(keys) else whole[:2])
        assert (key.private_sealed is None) == (number < len(keys))


def test_a_sealed_key_opens_in_its_own_row_only():
    """Another KEK, row or ring, changed bytes: each is refused and the key named."""
    one, two = (OPENER.generate(ES256, now=START) for _ in range(2))

    assert OPENER.signer(one).public_key
    for row, opener in (
        (one, SoftwareOpener(b"x" * 32)),
        (replace(one, private_sealed=two.private_sealed), OPENER),
        (replace(one, ring=RS256), OPENER),
        (replace(one, ring=Ring("event", "ES256")), OPENER),
        (replace(one, private_sealed=None), OPENER),
    ):
        with pytest.raises(KeyMaterialError, match=one.kid):
            opener.signer(row)


def test_a_key_shows_nothing_private():
    """The sealed part is in no repr."""
    _, rotator = begun_with_rotator()

    assert "private" not in repr(rotator.store.rows()[0])


def test_a_rehearsal_tells_what_the_rotation_does():
    """Before it, and while it is under way."""
    store, rotator = begun_with_rotator()

    told = rotator.rehearse(ES256, now=after(10))
    assert store.noted == begun().noted
    done = rotator.rotate(ES256, now=after(10))
    again = rotator.rehearse(ES256, now=after(500))

    assert told.upcoming is None
    assert told.active.kid == done.active.kid
    assert again.upcoming == done.upcoming
    for rehearsal in (told, again):
        assert rehearsal.published_at == done.upcoming.published_at
        assert rehearsal.signs_at == done.upcoming.activates_at
    rotator.settle(now=told.destroyed_at)
    assert state(store.stored[told.active.kid], told.destroyed_at) is State.GONE


def test_the_policy_rotates_by_itself():
    """In time for the next key to sign at the end of the reign; once."""
    reign = 10_000
    store = begun()
    policy = {"id_token": Clock(LEAD, KEEP, reign)}
    rotator = Rotator(store, OPENER, {**CLOCKS, **policy})
    brought = OPENER.generate(ES256, now=START)
    rotator.admit([brought], now=START, how="imported")

    early = rotator.rotate_due(now=after(reign - LEAD - 1))
    due = rotator.rotate_due(now=after(reign - LEAD))
    again = rotator.rotate_due(now=after(reign - 1))

    assert (early, again) == ([], [])
    assert {rotation.active.ring for rotation in due} == {ES256, RS256}
    assert all(key.upcoming.activates_at == after(reign) for key in due)
    assert brought.kid not in {key.upcoming.kid for key in due}, "people publish it"
    assert rotator_of(store).rotate_due(now=after(10**9)) == []  # it is off


class BusyStore(MemoryRingStore):
    """Somebody else has the lock for so many seconds."""

    def __init__(self, stored, waits):
        super().__init__()
        self.stored, self.waits, self.spent = stored, waits, 0.0

    @contextmanager
    def locked(self):
        self.spent += self.waits
        with super().locked() as transaction:
            yield transaction


def test_a_lock_that_was_long_awaited_shortens_no_lead(monkeypatch):
    """What is published counts from the lock; portals have the whole lead."""
    store = BusyStore(begun().stored, waits=LEAD + 1)
    monkeypatch.setattr(rotation, "monotonic", lambda: store.spent)

    rotated = rotator_of(store).rotate(ES256, now=START)

    assert rotated.outcome == "published"
    assert rotated.upcoming.published_at == after(LEAD + 1)
    assert rotated.upcoming.begins == after(LEAD + 1 + LEAD)
    store.waits = 0
    again = rotator_of(store).rotate(ES256, now=after(LEAD))
    assert again.outcome == "waiting"
    assert again.upcoming == rotated.upcoming
