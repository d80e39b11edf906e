"""What a portal may still believe: only what its own networks prove ends it early."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from idp.config import parse_config
from idp.config.key_clocks import key_clocks
from idp.config.settings import KeysConfig
from idp.custody import standing
from idp.custody.standing import Fetch, Standing

KILLED = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
AGE = 300


def at(seconds: float) -> datetime:
    """Return the moment so long after the kill."""
    return KILLED + timedelta(seconds=seconds)


def portal(*fetches: tuple[str, str, float], issued: float | None = None) -> Standing:
    """Return a portal's standing after fetches by (via, kid, seconds)."""
    party = SimpleNamespace(client_id="bank", name="Bank")
    found = [
        Fetch("bank", frozenset({kid}), via, at(when), at(when), 1)
        for via, kid, when in fetches
    ]
    returns = {} if issued is None else {"bank": (at(issued), at(issued))}
    (one,) = standing.of_key([party], found, returns, kid="old", signs_from=at(-900))
    return one


@pytest.mark.parametrize(
    ("fetches", "until"),
    [
        ([], AGE),
        ([("network", "old", -100)], AGE - 100),
        ([("network", "old", 3)], AGE + 3),
        ([("hint", "old", -100)], AGE),
        ([("network", "old", -100), ("network", "new", 5)], None),
        ([("network", "old", -100), ("hint", "new", 5)], AGE - 100),
        ([("hint", "new", 5)], AGE),
        ([("network", "new", 1), ("network", "old", 3)], AGE + 3),
        ([("network", "before", -1000)], AGE),
    ],
)
def test_only_its_own_network_ends_exposure(fetches, until) -> None:
    """A word in its name neither ends it nor brings its end forward."""
    expected = None if until is None else at(until)

    assert portal(*fetches).exposed_until(KILLED, AGE) == expected


def test_a_cache_holds_what_the_last_process_gave_it() -> None:
    """A process may give the old set for twice its pause after the kill."""
    assert KeysConfig(jwks_max_age=300, reread_after=2).cached_for == 304


def test_who_has_a_key() -> None:
    """A set without it that came later takes it away again."""
    has = portal(("network", "old", -100))
    lost = portal(("network", "old", -100), ("hint", "new", 5))

    assert has.has
    assert not lost.has
    assert not portal().has
    assert has.has_it_by(at(-200), AGE) == at(-100)
    assert lost.has_it_by(at(-200), AGE) == at(5 + AGE)
    assert portal().has_it_by(at(-200), AGE) == at(-200 + AGE)


@pytest.mark.parametrize(
    ("issued", "is_late"), [(None, False), (0, False), (801, True)]
)
def test_who_keeps_old_keys_too_long(issued, is_late) -> None:
    """It took sign-ins for good by keys fetched longer ago than the lead."""
    assert portal(("network", "old", -100), issued=issued).caches_beyond(900) is is_late
    assert not portal(issued=issued).caches_beyond(900)


@pytest.mark.parametrize(("usage", "kept"), [(5, 20), (20, 5)])
def test_heads_verify_as_long_as_events_are_kept(tmp_path, usage, kept) -> None:
    """A key of the audit ring outlives both terms."""
    table = {"figures": {"usage_years": usage}, "audit": {"keep_years": kept}}
    table |= {"sandbox": {"enabled": True}}

    clock = key_clocks(parse_config(table, base=tmp_path))["audit"]

    assert clock.keep_retired > 20 * 365 * 86_400
