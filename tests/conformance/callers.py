"""Callers of the stores in other processes; imports little, to start soon."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from idp.storage.embedded import EmbeddedStore
from idp.storage.ephemeral import EphemeralStore
from idp.storage.redis_store import RedisStore

CALLERS = 50
_PROCESSES = 5
_VERBS: dict[str, Callable[[EphemeralStore], Any]] = {
    "take": lambda store: store.take("k:take"),
    "claim": lambda store: store.claim("k:claim", ttl=60),
    "count": lambda store: store.count("k:count", ttl=60),
}


def open_store(url: str) -> EphemeralStore:
    """Open the store at an `embedded:` or `unix:` address."""
    if url.startswith("unix://"):
        return RedisStore(url)
    return EmbeddedStore(Path(url.removeprefix("embedded:")))


def call_from_processes(url: str) -> dict[str, list[Any]]:
    """Call each verb 50 times at once, by ten threads in each of five processes."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(_PROCESSES), context.SimpleQueue()
    workers = [
        context.Process(target=_call, args=(url, barrier, results))
        for _ in range(_PROCESSES)
    ]
    for worker in workers:
        worker.start()
    answers: dict[str, list[Any]] = {verb: [] for verb in _VERBS}
    for _ in workers:
        for verb, some in results.get().items():
            answers[verb] += some
    for worker in workers:
        worker.join()
        worker.close()
    results.close()
    return answers


def _call(url: str, barrier: Any, results: Any) -> None:
    share = CALLERS // _PROCESSES
    answers = {}
    with ThreadPoolExecutor(share) as pool:
        barrier.wait()
        store = open_store(url)
        for verb, action in _VERBS.items():
            barrier.wait()
            answers[verb] = list(pool.map(action, [store] * share))
    store.close()
    results.put(answers)


def upgrade_from_processes(url: str) -> list[int | None]:
    """Migrate a database from two processes at once; return their exit codes."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    workers = [context.Process(target=_upgrade, args=(url, barrier)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [worker.exitcode for worker in workers]


def _upgrade(url: str, barrier: Any) -> None:
    from idp.storage import migration
    from idp.storage.database import Database

    with closing(Database(url)) as database:
        barrier.wait()
        migration.upgrade(database)
