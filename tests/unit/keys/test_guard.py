"""No worker signs with a key that a key set which it served lately may lack."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import jws
from keys.errors import InvalidTokenError
from keys.ring import Ring, State, state, timeline
from keys.signers import KeyRings
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

ACCESS = Ring("access_token", "ES256")
MAX_AGE = 300


class Worker:
    """One process that reads the rings at each use, unless its store is away."""

    def __init__(self, store):
        self.rings = KeyRings(
            store, OPENER, CLOCKS, reread_after=0, jwks_max_age=MAX_AGE
        )
        self.served = []

    def serve(self, now):
        """Serve the key set, and remember what it said."""
        kids = {key["kid"] for key in self.rings.jwks(now)["keys"]}
        self.served.append((now, kids))

    def signer(self, now):
        """Return the name of the key that signs."""
        token = self.rings.sign(
            {}, purpose="access_token", alg="ES256", typ="JWT", now=now
        )
        return jws.read(token).kid

    def is_known(self, kid, now):
        """Say whether every key set that portals may still hold has the key."""
        since = now - timedelta(seconds=MAX_AGE)
        return all(kid in kids for at, kids in self.served if at > since)


@pytest.fixture
def cut_off():
    """Return a worker that did not see a whole rotation, and its two keys."""
    store = begun()
    worker = Worker(store)
    rotation = rotator_of(store).rotate(ACCESS, now=START)
    store.is_reachable = False
    return store, worker, rotation.active.kid, rotation.upcoming.kid


def test_a_worker_that_was_cut_off_goes_on_with_the_former_key(cut_off):
    """For as long as a portal may hold a key set of its own without the new one."""
    store, worker, old, new = cut_off
    worker.serve(after(LEAD - 10))
    assert worker.signer(after(LEAD)) == old  # it knows no better
    store.is_reachable = True

    assert worker.signer(after(LEAD + 10)) == old
    assert worker.signer(after(LEAD + 10 + MAX_AGE - 1)) == old
    assert worker.signer(after(LEAD + 10 + MAX_AGE)) == new


def test_a_worker_that_served_no_key_set_signs_at_once(cut_off):
    """Nobody holds one of its own; the last was too long ago."""
    store, worker, _, new = cut_off
    worker.serve(after(LEAD - MAX_AGE))
    store.is_reachable = True

    assert worker.signer(after(LEAD)) == new


def test_a_kill_counts_more(cut_off):
    """A killed key signs nothing, whatever portals have."""
    store, worker, old, new = cut_off
    worker.serve(after(LEAD - 10))
    store.is_reachable = True
    rotator_of(store).kill(old, now=after(LEAD + 5), reason="a test")

    assert worker.signer(after(LEAD + 10)) == new


def test_who_asked_before_a_kill_gets_the_successor():
    """The request began before, the rings were read after."""
    store = begun()
    worker = Worker(store)
    old = worker.signer(after(10))
    killing = rotator_of(store).kill(old, now=after(20), reason="a test")

    assert worker.signer(after(19)) == killing.active.kid


def test_a_killed_key_is_refused_by_a_slow_clock_too():
    """Its token fails although the worker's clock stands before the kill."""
    store = begun()
    worker = Worker(store)
    token = worker.rings.sign(
        {}, purpose="access_token", alg="ES256", typ="JWT", now=after(10)
    )
    kid = jws.read(token).kid
    rotator_of(store).kill(kid, now=after(20), reason="a test")

    with pytest.raises(InvalidTokenError, match="not a key of ours"):
        worker.rings.verify(token, purposes=("access_token",), typ="JWT", now=after(15))
    assert kid not in {key["kid"] for key in worker.rings.jwks(after(15))["keys"]}


@given(st.lists(st.integers(0, LEAD + KEEP), min_size=2, max_size=5, unique=True))
def test_portals_always_have_the_key(moments):
    """Cut off during a rotation, it serves key sets, comes back, serves one, signs.

    Once its predecessor is gone, a key signs even if it is not known everywhere.
    """
    *served, back, signs = sorted(moments)
    store = begun()
    worker = Worker(store)
    rotator_of(store).rotate(ACCESS, now=START)
    store.is_reachable = False
    for moment in served:
        worker.serve(after(moment))
    store.is_reachable = True
    worker.serve(after(back))

    kid = worker.signer(after(signs))

    if former_lives(store, kid, after(signs)):
        assert worker.is_known(kid, after(signs))


def former_lives(store, kid, now):
    """Say whether the key before this one verifies still."""
    keys = timeline(store.stored.values(), ACCESS, keep_retired=KEEP)
    place = [key.kid for key in keys].index(kid)
    return place > 0 and state(keys[place - 1], now) is not State.GONE


PAUSE = 2  # seconds between two readings


class Asked:
    """A process with a token of a key that was killed after its last reading."""

    def __init__(self, store):
        self.since = 0.0  # seconds since that reading
        self.store = store
        self.rings = KeyRings(
            store, OPENER, CLOCKS, reread_after=PAUSE, ticks=lambda: self.since
        )
        self.token = self.rings.sign(
            {}, purpose="access_token", alg="ES256", typ="JWT", now=after(10)
        )
        kid = jws.read(self.token).kid
        rotator_of(store).kill(kid, now=after(10), reason="a test")
        store.reads = 0

    def is_taken(self):
        """Say whether the token is good for this process."""
        try:
            self.rings.verify(
                self.token, purposes=("access_token",), typ="JWT", now=after(11)
            )
        except InvalidTokenError:
            return False
        return True


def test_a_killed_key_is_refused_after_one_pause():
    """By one reading, however often it is asked."""
    asked = Asked(begun())

    asked.since = PAUSE - 0.01
    assert asked.is_taken()
    assert asked.store.reads == 0
    asked.since = PAUSE
    assert [asked.is_taken() for _ in range(3)] == [False] * 3
    assert asked.store.reads == 1


class SlowStore(MemoryRingStore):
    """Its reading takes until it may go on."""

    def __init__(self, stored):
        super().__init__()
        self.stored = stored
        self.is_asked, self.may_go_on = threading.Event(), threading.Event()
        self.may_go_on.set()

    def rows(self):
        self.is_asked.set()
        assert self.may_go_on.wait(60)
        return super().rows()


class Turn:
    """The turn to read; whoever waits for it lets the reading go on."""

    def __init__(self, may_go_on):
        self._lock, self._may_go_on = threading.Lock(), may_go_on

    def acquire(self, *, blocking=True):
        if blocking:
            self._may_go_on.set()
        return self._lock.acquire(blocking=blocking)

    def release(self):
        self._lock.release()

    def __enter__(self):
        self.acquire()

    def __exit__(self, *error):
        self.release()


def test_a_killed_key_is_refused_after_two_pauses_at_the_latest(monkeypatch):
    """Another thread is long at the store: after so long nobody goes on without it."""
    store = SlowStore(begun().stored)
    asked = Asked(store)
    monkeypatch.setattr(asked.rings, "_reloading", Turn(store.may_go_on))
    store.may_go_on.clear()
    store.is_asked.clear()
    asked.since = PAUSE
    reader = threading.Thread(target=asked.is_taken)
    reader.start()
    assert store.is_asked.wait(60)

    asked.since = 2 * PAUSE - 0.01
    assert asked.is_taken(), "the others do not wait yet"
    asked.since = 2 * PAUSE
    is_taken_now = asked.is_taken()

    store.may_go_on.set()
    reader.join()
    assert not is_taken_now
