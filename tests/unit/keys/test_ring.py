"""The lifecycle as pure functions of rows and time, and its invariants at random."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.ring import (
    RINGS,
    Ring,
    RingKey,
    State,
    generated,
    next_key,
    published,
    signing_key,
    state,
    timeline,
)
from tests.unit.keys.memory_store import START, after

ES256 = Ring("id_token", "ES256")
LEAD, KEEP = 900, 900
TOKEN_LIFE, MAX_AGE = 600, 300


def row(kid, published_at, activates_at, **clock):
    """Return an ES256 row whose clock is in seconds after the start."""
    return RingKey(
        kid=kid,
        ring=ES256,
        public_jwk={},
        private_sealed=b"sealed",
        generated_at=after(published_at),
        published_at=after(published_at),
        activates_at=after(activates_at),
        **{name: after(seconds) for name, seconds in clock.items()},
    )


def of_two(first=("first", 0, 0), second=("second", 1000, 1900)):
    """Return the timeline of a key and its successor."""
    return timeline([row(*second), row(*first)], ES256, keep_retired=KEEP)


def test_a_key_lives_by_the_clock_alone():
    """Next, active, retired, gone, each exactly at its moment."""
    first, second = of_two()

    assert [state(second, after(s)) for s in (1000, 1899.9)] == [State.NEXT] * 2
    assert state(second, after(1900)) is State.ACTIVE
    assert state(first, after(1899.9)) is State.ACTIVE
    assert [state(first, after(s)) for s in (1900, 2799.9)] == [State.RETIRED] * 2
    assert state(first, after(2800)) is State.GONE


def test_the_last_key_has_no_end():
    """Without a successor a key signs for ever."""
    (only,) = timeline([row("only", 0, 0)], ES256, keep_retired=KEEP)

    assert only.retired_at is None
    assert state(only, after(10**9)) is State.ACTIVE


def test_signing_and_next_key_change_over():
    """The successor waits, then signs; then nobody waits."""
    keys = of_two()

    assert signing_key(keys, after(1899)).kid == "first"
    assert next_key(keys, after(1899)).kid == "second"
    assert signing_key(keys, after(1900)).kid == "second"
    assert next_key(keys, after(1900)) is None


def test_nothing_signs_before_the_first_key():
    """An empty ring, or a time before it began, has no signing key."""
    assert signing_key((), START) is None
    assert signing_key(of_two(), after(-1)) is None


def test_published_lists_active_next_retired():
    """In this order, without what is gone."""
    keys = of_two()

    assert [key.kid for key in published(keys, after(1000))] == ["first", "second"]
    assert [key.kid for key in published(keys, after(1900))] == ["second", "first"]
    assert [key.kid for key in published(keys, after(2800))] == ["second"]


def test_other_rings_do_not_count():
    """A timeline holds the keys of its own ring."""
    other = replace(row("other", 0, 5), ring=Ring("event", "ES256"))

    keys = timeline([row("only", 0, 0), other], ES256, keep_retired=KEEP)

    assert [key.kid for key in keys] == ["only"]


def test_a_key_destroyed_before_it_signed_ends_nobody():
    """Nor does one that is only generated: its predecessor signs on."""
    first, dead = row("first", 0, 0), row("dead", 1000, 1900, destroyed_at=1500)
    unseen = replace(row("unseen", 0, 0), published_at=None, activates_at=None)

    keys = timeline([first, dead, unseen], ES256, keep_retired=KEEP)

    assert [key.kid for key in keys] == ["first"]
    assert state(keys[0], after(5000)) is State.ACTIVE
    assert state(dead, after(1900)) is State.GONE
    assert state(unseen, after(1900)) is State.GENERATED
    assert generated([unseen, dead, first], ES256, START) == (unseen,)


def test_a_ring_is_known_by_its_name():
    """As it is stored and shown; the audit log's is not in the key set."""
    assert [Ring.named(ring.name) for ring in RINGS] == list(RINGS)
    assert [ring.name for ring in RINGS if not ring.is_public] == ["audit.ES256"]
    with pytest.raises(ValueError, match="ES256"):
        Ring.named("ES256")


def test_a_recorded_end_stands():
    """A recorded retirement or destruction is not moved to a later moment."""
    first = row("first", 0, 0, retired_at=1800, destroyed_at=5000)

    keys = timeline([first, row("second", 1000, 1900)], ES256, keep_retired=KEEP)

    assert keys[0].retired_at == after(1800)
    assert keys[0].destroyed_at == after(5000)


def test_a_successor_moved_forward_ends_its_predecessor():
    """After a clock was set back, an emergency successor leaves one active key."""
    first = row("first", 0, 0, retired_at=1900)

    keys = timeline([first, row("second", 1000, 1500)], ES256, keep_retired=KEEP)

    assert [key.kid for key in keys if state(key, after(1600)) is State.ACTIVE] == [
        "second"
    ]


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4000),  # seconds until the operator's next command
            st.booleans(),  # whether it is an emergency
        ),
        max_size=12,
    )
)
def test_invariants_hold_over_any_rotations(commands):
    """Whatever is rotated when: one signer, always published, tokens verify to the end.

    Portals that cached the key set know the signer unless it was an emergency.
    """
    rows, now, urgent = [row("k0", 0, 0)], START, {"k0"}
    for number, (wait, is_emergency) in enumerate(commands, 1):
        now += timedelta(seconds=wait)
        waiting = next_key(timeline(rows, ES256, keep_retired=KEEP), now)
        begins = now if is_emergency else now + timedelta(seconds=LEAD)
        if waiting is None:
            seconds = (now - START).total_seconds()
            rows.append(
                replace(row(f"k{number}", seconds, seconds), activates_at=begins)
            )
            urgent |= {f"k{number}"} if is_emergency else set()
        elif is_emergency:
            rows = [key for key in rows if key.kid != waiting.kid]
            rows.append(
                replace(waiting, activates_at=now, retired_at=None, destroyed_at=None)
            )
            urgent.add(waiting.kid)
    keys = timeline(rows, ES256, keep_retired=KEEP)

    for moment in _interesting_moments(keys):
        active = [key for key in keys if state(key, moment) is State.ACTIVE]
        assert len(active) == 1
        signer = signing_key(keys, moment)
        assert signer in published(keys, moment)
        until = moment + timedelta(seconds=TOKEN_LIFE + MAX_AGE)
        for later in (moment + timedelta(seconds=TOKEN_LIFE), until - _TICK):
            assert signer in published(keys, later)
        if signer.kid not in urgent:
            assert moment >= signer.published_at + timedelta(seconds=LEAD)


_TICK = timedelta(microseconds=1)


def _interesting_moments(keys):
    moments = {START}
    for key in keys:
        for edge in (key.published_at, key.activates_at, key.retired_at):
            if edge is not None:
                moments |= {edge, edge + _TICK, max(START, edge - _TICK)}
    return sorted(moments)
