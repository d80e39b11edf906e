"""Rotation writes what the clock needs, records what it ended, and repeats safely."""

import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.errors import KeyMaterialError
from keys.ring import RINGS, KeyChange, State, state, timeline
from keys.rotation import Rotator, create_first
from keys.signing_keys import new_signing_key, open_signing_key
from tests.unit.keys.memory_store import KEK, START, MemoryRingStore, after, begun

LEAD, KEEP = 900, 900


def begun_with_rotator():
    """Return a store with both first keys and the rotator of it."""
    store = begun()
    return store, Rotator(store, KEK, publish_lead=LEAD, keep_retired=KEEP)


def kinds(store, ring="ES256"):
    """Return what was noted about a ring."""
    return [change.kind for change in store.noted if change.ring == ring]


def test_first_keys_sign_at_once():
    """Each ring gets one, noted as published and activated; repeating adds nothing."""
    store, _ = begun_with_rotator()

    assert create_first(store, KEK, now=after(5)) == []
    assert sorted(key.ring for key in store.rows()) == list(RINGS)
    for ring in RINGS:
        (key,) = timeline(store.rows(), ring, keep_retired=KEEP)
        assert state(key, START) is State.ACTIVE
        assert kinds(store, ring) == ["published", "activated"]


def test_a_missing_ring_is_filled_in():
    """Only the ring without a key gets one."""
    store, _ = begun_with_rotator()
    (es256,) = (key for key in store.rows() if key.ring == "ES256")
    del store.stored[es256.kid]

    (created,) = create_first(store, KEK, now=after(5))

    assert created.ring == "ES256"


def test_rotate_publishes_and_waits():
    """The next key signs after the lead; repeating meanwhile changes nothing."""
    store, rotator = begun_with_rotator()

    first = rotator.rotate("ES256", now=after(10))
    again = rotator.rotate("ES256", now=after(909))

    assert first.outcome == "published"
    assert first.upcoming.activates_at == after(910)
    assert again.outcome == "waiting"
    assert again.upcoming == first.upcoming
    assert again.active == replace(first.active)
    assert kinds(store) == ["published", "activated", "published"]


def test_the_clock_activates_and_rotate_records_it():
    """After the lead a rotation records the change and publishes the key after."""
    store, rotator = begun_with_rotator()
    second = rotator.rotate("ES256", now=START).upcoming

    third = rotator.rotate("ES256", now=after(1000))

    assert third.active.kid == second.kid
    assert third.outcome == "published"
    assert [change.kind for change in third.ended] == ["retired", "activated"]
    (first,) = (key for key in store.rows() if key.retired_at)
    assert first.retired_at == after(900)
    assert first.private_sealed


def test_settle_destroys_what_is_gone():
    """The private part vanishes when the key verifies no more; once."""
    store, rotator = begun_with_rotator()
    first = rotator.rotate("ES256", now=START).active

    assert rotator.settle(now=after(899)) == []
    assert [c.kind for c in rotator.settle(now=after(900))] == ["retired", "activated"]
    assert rotator.settle(now=after(1799)) == []
    destroyed = rotator.settle(now=after(1800))

    assert destroyed == [KeyChange("destroyed", first.kid, "ES256", after(1800))]
    assert store.stored[first.kid].private_sealed is None
    assert store.stored[first.kid].destroyed_at == after(1800)
    assert rotator.settle(now=after(9999)) == []


def test_settle_catches_up_in_one_go():
    """Retirement and destruction long past are both recorded, in order."""
    store, rotator = begun_with_rotator()
    rotator.rotate("RS256", now=START)

    changes = rotator.settle(now=after(10**6))

    assert [change.kind for change in changes] == ["retired", "activated", "destroyed"]
    assert kinds(store, "RS256")[3:] == ["retired", "activated", "destroyed"]


def test_an_emergency_signs_with_a_new_key_now():
    """The old key retires at once and is still there to verify."""
    store, rotator = begun_with_rotator()

    rotation = rotator.rotate("ES256", now=after(50), immediately=True)

    assert rotation.outcome == "replaced"
    assert rotation.upcoming is None
    assert rotation.active.activates_at == after(50)
    old, _ = timeline(store.rows(), "ES256", keep_retired=KEEP)
    assert state(old, after(50)) is State.RETIRED
    assert kinds(store)[2:] == ["published", "retired", "activated"]


def test_an_emergency_takes_the_waiting_key():
    """What portals have fetched already is used first."""
    store, rotator = begun_with_rotator()
    waiting = rotator.rotate("ES256", now=START).upcoming

    rotation = rotator.rotate("ES256", now=after(50), immediately=True)

    assert rotation.active.kid == waiting.kid
    assert rotation.active.activates_at == after(50)
    assert len([key for key in store.rows() if key.ring == "ES256"]) == 2


def test_a_ring_that_never_began_is_refused():
    """The message names the command that begins it."""
    rotator = Rotator(MemoryRingStore(), KEK, publish_lead=LEAD, keep_retired=KEEP)

    with pytest.raises(KeyMaterialError, match="idp keys init"):
        rotator.rotate("ES256", now=START)
    with pytest.raises(KeyMaterialError, match="idp keys init"):
        rotator.rotate("ES256", now=START, immediately=True)


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
    for moment, lead in ((START, 0), (after(10), LEAD)):
        key = new_signing_key(
            "ES256", KEK, published_at=moment, lead=after(lead) - START
        )
        store.add(key)
    rotator = Rotator(store, KEK, publish_lead=LEAD, keep_retired=KEEP)

    rotation = rotator.rotate("ES256", now=after(20))

    assert rotation.outcome == "published"
    assert len(store.stored) == 3


def test_parallel_rotations_publish_one_key():
    """Of many at once one publishes, all others find it waiting."""
    store, rotator = begun_with_rotator()
    outcomes, barrier = [], threading.Barrier(8)

    def work():
        barrier.wait()
        outcomes.append(rotator.rotate("ES256", now=after(1)).outcome)

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
        st.tuples(
            st.integers(0, 2500), st.sampled_from(["rotate", "emergency", "settle"])
        ),
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
        else:
            urgent = command == "emergency"
            rotator.rotate("ES256", now=after(seconds), immediately=urgent)
    rotator.settle(now=after(seconds + 10_000))

    keys = timeline(store.rows(), "ES256", keep_retired=KEEP)
    for number, key in enumerate(keys, 1):
        noted = [change.kind for change in store.noted if change.kid == key.kid]
        whole = ["published", "activated", "retired", "destroyed"]
        assert noted == (whole if number < len(keys) else whole[:2])
        assert (key.private_sealed is None) == (number < len(keys))


def test_a_sealed_key_opens_in_its_own_row_only():
    """Another KEK, another row, changed bytes: each is refused and the key named."""
    one, two = (
        new_signing_key("ES256", KEK, published_at=START, lead=START - START)
        for _ in range(2)
    )

    assert open_signing_key(one, KEK)
    for row, kek in (
        (one, b"x" * 32),
        (replace(one, private_sealed=two.private_sealed), KEK),
        (replace(one, ring="RS256"), KEK),
        (replace(one, private_sealed=None), KEK),
    ):
        with pytest.raises(KeyMaterialError, match=one.kid):
            open_signing_key(row, kek)


def test_a_key_shows_nothing_private():
    """Neither the sealed part nor the KEK is in any repr."""
    _, rotator = begun_with_rotator()
    key = rotator.store.rows()[0]

    assert "private" not in repr(key)
    assert "kek" not in repr(rotator)
