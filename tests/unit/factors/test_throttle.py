"""Guessing stops, and a stranger cannot lock a citizen out of their own device."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.config import ThrottleConfig
from idp.factors.throttle import UNKNOWN_SOURCE, Throttle, source_of
from tests.unit.world import on_each_backend

CONFIG = ThrottleConfig()
VICTIM = "5f" * 32
SOURCES = [f"198.51.100.{number}" for number in range(50)]


@on_each_backend
def test_no_stranger_uses_up_the_tries_of_a_card(ephemeral):
    """Anyone may type a number; only their own address is held up by it."""
    throttle = Throttle(ephemeral, CONFIG)

    def tries(source, times):
        asked = {"subject": VICTIM, "device": None}
        return sum(
            throttle.admit("chip", source=source, **asked).allowed for _ in range(times)
        )

    assert tries("198.51.100.1", 50) == CONFIG.chips_per_account
    assert tries("192.0.2.9", 3) == 3


def passwords(throttle, source, *, device=None, tries=1):
    """Try wrong passwords and return how many were looked at."""
    return sum(
        throttle.admit("password", subject=VICTIM, source=source, device=device).allowed
        for _ in range(tries)
    )


@on_each_backend
def test_a_source_has_ten_wrong_passwords(ephemeral):
    """The eleventh try of one source is refused, another source goes on."""
    throttle = Throttle(ephemeral, CONFIG)
    assert passwords(throttle, "192.0.2.1", tries=30) == 10
    refused = throttle.admit(
        "password", subject=VICTIM, source="192.0.2.1", device=None
    )
    assert refused.retry_after == CONFIG.window
    assert passwords(throttle, "192.0.2.2") == 1


@on_each_backend
def test_success_gives_its_own_count_back(ephemeral):
    """Signing in often is no guessing; earlier wrong tries keep counting."""
    throttle = Throttle(ephemeral, CONFIG)
    assert passwords(throttle, "192.0.2.1", tries=9) == 9
    for _ in range(60):
        admission = throttle.admit(
            "password", subject=VICTIM, source="192.0.2.1", device=None
        )
        assert admission.allowed
        throttle.succeeded(admission)
    assert passwords(throttle, "192.0.2.1", tries=5) == 1


@on_each_backend
def test_a_thousand_failures_leave_a_known_device_open(ephemeral):
    """1,000 wrong passwords from 50 addresses: the victim's device signs in."""
    config = replace(CONFIG, unknown_source_delay=CONFIG.window)  # none gets a turn
    throttle = Throttle(ephemeral, config)
    with ThreadPoolExecutor(16) as pool:
        looked_at = sum(
            pool.map(
                lambda source: passwords(throttle, source),
                islice(cycle(SOURCES), 1000),
            )
        )
    assert looked_at <= CONFIG.unknown_sources_per_account

    assert passwords(throttle, "203.0.113.9", device="d1") == 1
    assert passwords(throttle, SOURCES[0], device="d1") == 1


def test_beyond_the_cap_unknown_sources_are_only_delayed(ephemeral):
    """A newcomer is told to wait, waits, and is looked at; others' flood is no bar."""
    config = replace(CONFIG, unknown_source_delay=1, unknown_sources_per_account=3)
    throttle = Throttle(ephemeral, config)
    for source in SOURCES[:5]:
        passwords(throttle, source)
    told = throttle.admit("password", subject=VICTIM, source="192.0.2.7", device=None)
    assert (told.allowed, told.retry_after) == (False, 1)
    assert passwords(throttle, "192.0.2.7", tries=3) == 0

    time.sleep(1.1)
    passwords(throttle, SOURCES[9], tries=5)
    assert passwords(throttle, "192.0.2.7", tries=8) == 1


@on_each_backend
def test_of_parallel_tries_none_jumps_the_wait(ephemeral):
    """Tries of one source at once begin one wait and use up one turn between them."""
    config = replace(CONFIG, unknown_source_delay=1, unknown_sources_per_account=0)
    throttle = Throttle(ephemeral, config)
    with ThreadPoolExecutor(8) as pool:

        def looked_at():
            tries = pool.map(lambda _: passwords(throttle, "192.0.2.7"), range(64))
            return sum(tries)

        begun = time.monotonic()
        early = looked_at()
        if time.monotonic() - begun < 1:
            assert early == 0
        time.sleep(1.1)
        begun = time.monotonic()
        assert looked_at() == 1 or time.monotonic() - begun > 1


@on_each_backend
def test_a_known_device_has_its_own_limit(ephemeral):
    """Whoever stole the device cannot guess on it for ever either."""
    throttle = Throttle(ephemeral, CONFIG)
    assert passwords(throttle, "192.0.2.1", device="d1", tries=30) == 10
    assert passwords(throttle, "192.0.2.1", device="d2") == 1
    assert passwords(throttle, "192.0.2.1") == 1


@on_each_backend
def test_parallel_codes_stop_at_five(ephemeral):
    """200 guesses at once, from many places and sessions: five are looked at."""
    throttle = Throttle(ephemeral, CONFIG)

    def guess(number):
        source = SOURCES[number % 50] if number % 3 else None
        return throttle.admit(
            "otp", subject="account", source=source, device=None
        ).allowed

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(guess, range(200))) == CONFIG.otps_per_account
    known = throttle.admit("otp", subject="account", source=None, device="d1")
    assert known.allowed


@on_each_backend
def test_factors_are_counted_apart(ephemeral):
    """Wrong passwords do not use up codes, nor the other way round."""
    throttle = Throttle(ephemeral, CONFIG)
    passwords(throttle, "192.0.2.1", tries=20)
    for _ in range(5):
        assert throttle.admit(
            "otp", subject=VICTIM, source="192.0.2.1", device=None
        ).allowed
    assert not throttle.admit(
        "otp", subject=VICTIM, source="192.0.2.1", device=None
    ).allowed


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "source"),
    [
        ("192.0.2.1", None, (), "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", (), "192.0.2.1"),
        ("10.0.0.1", "203.0.113.5", ("10.0.0.0/8",), "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.5, 10.0.0.2", ("10.0.0.0/8",), "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5:4711", ("10.0.0.0/8",), "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, nonsense", ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", ("10.0.0.0/8",), "10.0.0.3"),
        ("10.0.0.1", "", ("10.0.0.0/8",), "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", None, (), "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2::9]:443", ("10.0.0.1",), "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", None, (), "192.0.2.1"),
        ("fe80::1%eth0", None, (), "fe80::/64"),
        (None, None, (), UNKNOWN_SOURCE),
        ("", "203.0.113.5", ("10.0.0.0/8",), UNKNOWN_SOURCE),
    ],
)
def test_the_source_is_the_last_untrusted_hop(peer, forwarded, proxies, source):
    """Nobody chooses their own source by a header, unless a trusted proxy says so."""
    assert source_of(peer, forwarded, proxies) == source


@given(st.text(max_size=200), st.ip_addresses().map(str))
def test_no_header_changes_the_source_of_an_untrusted_peer(forwarded, peer):
    """Whatever an untrusted peer writes, it stays itself, or its /64."""
    assert source_of(peer, forwarded, ("10.0.0.0/8",)) == source_of(peer, None, ()) or (
        peer.startswith("10.")
    )
