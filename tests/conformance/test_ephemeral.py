"""What every ephemeral store must do, on the embedded one and on Redis."""

import multiprocessing
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from idp.errors import BusyError
from idp.storage.ephemeral import EphemeralStore
from tests.conformance.callers import CALLERS, call_from_processes, open_store
from tests.services import BACKENDS, Services
from tests.stores import fresh_ephemeral

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

SOON = 0.15


def in_threads(action: Callable[[int], object]) -> list[object]:
    """Run `action` for 50 callers at once in this process."""
    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(action, range(CALLERS)))


def test_put_replaces_and_get_reads(ephemeral: EphemeralStore) -> None:
    """A value is what was put last, Vietnamese letters and nesting included."""
    ephemeral.put("k:1", {"name": "Nguyễn", "list": [1, None, {"deep": True}]}, ttl=60)
    ephemeral.put("k:1", {"name": "Đặng", "list": []}, ttl=60)

    assert ephemeral.get("k:1") == {"name": "Đặng", "list": []}
    assert ephemeral.get("k:2") is None


def test_put_prolongs(ephemeral: EphemeralStore) -> None:
    """A replaced value lives as long as it was last put for."""
    ephemeral.put("k:1", {"n": 1}, ttl=SOON)
    ephemeral.put("k:1", {"n": 2}, ttl=60)
    time.sleep(SOON * 2)

    assert ephemeral.get("k:1") == {"n": 2}


def test_get_many_keeps_order(ephemeral: EphemeralStore) -> None:
    """Values come in the order of the keys, None for what is not there."""
    ephemeral.put("k:1", {"n": 1}, ttl=60)
    ephemeral.put("k:3", {"n": 3}, ttl=60)

    assert ephemeral.get_many(["k:3", "k:2", "k:1"]) == [{"n": 3}, None, {"n": 1}]
    assert ephemeral.get_many([]) == []


def test_take_removes(ephemeral: EphemeralStore) -> None:
    """What was taken is gone."""
    ephemeral.put("k:1", {"n": 1}, ttl=60)

    assert ephemeral.take("k:1") == {"n": 1}
    assert ephemeral.take("k:1") is None
    assert ephemeral.get("k:1") is None


def test_claim_holds_once(ephemeral: EphemeralStore) -> None:
    """A second claim fails and leaves the first one's value; a dropped one is free."""
    assert ephemeral.claim("k:1", {"by": "first"}, ttl=60)
    assert not ephemeral.claim("k:1", {"by": "second"}, ttl=60)
    assert ephemeral.get("k:1") == {"by": "first"}

    ephemeral.drop("k:1")

    assert ephemeral.claim("k:1", ttl=60)
    assert ephemeral.get("k:1") == {}


def test_everything_expires(ephemeral: EphemeralStore) -> None:
    """After its time a value is neither read, taken, in the way, nor counted on."""
    for key in ("k:get", "k:take", "k:claim"):
        ephemeral.put(key, {"n": 1}, ttl=SOON)
    ephemeral.put("k:grant", {"n": 1}, ttl=SOON, grant_id="g")
    ephemeral.count("k:count", ttl=SOON, by=7)
    time.sleep(SOON * 2)

    assert ephemeral.get("k:get") is None
    assert ephemeral.get_many(["k:get", "k:grant"]) == [None, None]
    assert ephemeral.take("k:take") is None
    assert ephemeral.claim("k:claim", {"n": 2}, ttl=60)
    assert ephemeral.get("k:claim") == {"n": 2}
    assert ephemeral.count("k:count", ttl=60) == 1


def test_count_adds_within_its_window(ephemeral: EphemeralStore) -> None:
    """Later calls add, give back and read, and never move the window."""
    assert ephemeral.count("n:1", ttl=SOON * 3) == 1
    assert ephemeral.count("n:1", ttl=60, by=2) == 3
    assert ephemeral.count("n:1", ttl=60, by=-1) == 2
    assert ephemeral.count("n:1", ttl=60, by=0) == 2
    time.sleep(SOON * 4)

    assert ephemeral.count("n:1", ttl=60, by=0) == 0


def test_count_never_goes_below_zero(ephemeral: EphemeralStore) -> None:
    """Giving back more than was counted ends at zero, and opens no window."""
    assert ephemeral.count("n:1", ttl=60, by=-3) == 0
    assert ephemeral.count("n:1", ttl=SOON) == 1
    assert ephemeral.count("n:1", ttl=60, by=-3) == 0
    assert ephemeral.count("n:1", ttl=60) == 1
    time.sleep(SOON * 2)

    assert ephemeral.count("n:1", ttl=60, by=0) == 0


def test_drop_takes_several(ephemeral: EphemeralStore) -> None:
    """Keys are removed whether they are there or not; counters too."""
    ephemeral.put("k:1", {}, ttl=60)
    ephemeral.count("n:1", ttl=60)
    ephemeral.drop("k:1", "k:2", "n:1")
    ephemeral.drop()

    assert ephemeral.get("k:1") is None
    assert ephemeral.count("n:1", ttl=60, by=0) == 0


def test_drop_grant_revokes_what_is_under_it(ephemeral: EphemeralStore) -> None:
    """Values put and claimed under the grant go; all others stay."""
    ephemeral.put("k:1", {}, ttl=60, grant_id="gone")
    assert ephemeral.claim("k:2", ttl=60, grant_id="gone")
    assert not ephemeral.claim("k:2", ttl=60, grant_id="kept")
    ephemeral.put("k:3", {}, ttl=60, grant_id="kept")
    ephemeral.put("k:4", {}, ttl=60)

    ephemeral.drop_grant("gone")
    ephemeral.drop_grant("never seen")

    live = ephemeral.get_many(["k:1", "k:2", "k:3", "k:4"])
    assert live == [None, None, {}, {}]


def test_grant_outlives_its_short_entries(ephemeral: EphemeralStore) -> None:
    """An entry that lives long is still found after shorter ones have expired."""
    ephemeral.put("k:long", {}, ttl=60, grant_id="g")
    ephemeral.put("k:short", {}, ttl=SOON, grant_id="g")
    time.sleep(SOON * 2)
    ephemeral.put("k:new", {}, ttl=SOON, grant_id="g")

    ephemeral.drop_grant("g")

    assert ephemeral.get_many(["k:long", "k:new"]) == [None, None]


def test_one_of_fifty_takes_wins(ephemeral: EphemeralStore) -> None:
    """Of 50 threads that take one value, one gets it."""
    for round_ in range(5):
        ephemeral.put("k:1", {"round": round_}, ttl=60)

        won = [taken for taken in in_threads(lambda _: ephemeral.take("k:1")) if taken]

        assert won == [{"round": round_}]


def test_one_of_fifty_claims_wins(ephemeral: EphemeralStore) -> None:
    """Of 50 threads that claim one key, one gets it, and its value stands."""
    for round_ in range(5):
        key = f"k:{round_}"
        answers = in_threads(lambda n, k=key: ephemeral.claim(k, {"by": n}, ttl=60))

        assert answers.count(True) == 1
        assert ephemeral.get(key) == {"by": answers.index(True)}


def test_one_of_fifty_claims_of_an_expired_key_wins(ephemeral: EphemeralStore) -> None:
    """An expired claim is free again, for one."""
    ephemeral.claim("k:1", ttl=SOON, grant_id="g")
    time.sleep(SOON * 2)

    answers = in_threads(lambda _: ephemeral.claim("k:1", ttl=60, grant_id="g"))

    assert answers.count(True) == 1


def test_fifty_counts_are_all_counted(ephemeral: EphemeralStore) -> None:
    """50 threads get 50 different values."""
    answers = in_threads(lambda _: ephemeral.count("n:1", ttl=60))

    assert sorted(answers) == list(range(1, CALLERS + 1))


def test_processes_agree(services: Services, backend: str, tmp_path: Path) -> None:
    """50 callers in five processes that open the store at once: each verb is atomic."""
    url = fresh_ephemeral(services, backend=backend, folder=tmp_path)
    with closing(open_store(url)) as store:
        store.put("k:take", {"n": 1}, ttl=60)

    answers = call_from_processes(url)

    assert [taken for taken in answers["take"] if taken] == [{"n": 1}]
    assert sorted(answers["claim"]) == [False] * (CALLERS - 1) + [True]
    assert sorted(answers["count"]) == list(range(1, CALLERS + 1))


def test_store_survives_a_fork(ephemeral: EphemeralStore) -> None:
    """A forked child works on connections of its own, and the parent goes on."""
    ephemeral.put("k:1", {"n": 1}, ttl=60)
    context = multiprocessing.get_context("fork")

    child = context.Process(target=ephemeral.take, args=("k:1",))
    child.start()
    child.join()

    assert child.exitcode == 0
    assert ephemeral.get("k:1") is None
    ephemeral.put("k:1", {"n": 2}, ttl=60)
    assert ephemeral.get("k:1") == {"n": 2}


def test_close_is_not_the_end(ephemeral: EphemeralStore) -> None:
    """A closed store answers its ping with new connections."""
    ephemeral.put("k:1", {}, ttl=60)
    ephemeral.close()

    ephemeral.ping()

    assert ephemeral.get("k:1") == {}


def test_absent_store_fails_its_ping(backend: str, tmp_path: Path) -> None:
    """A store that cannot be reached says so, soon."""
    folder = tmp_path / "absent"
    folder.mkdir()
    url = f"unix://{folder}/socket" if backend == "production" else f"{folder}/e.db"
    store = open_store(url)
    store.close()
    shutil.rmtree(folder)
    started = time.monotonic()

    with pytest.raises(BusyError):
        store.ping()

    assert time.monotonic() - started < 3
