"""What is sent behind the answer, so that the answer's time tells nothing.

Whether a number has an account, and which address it has, could be read off the time
that a message takes. A few threads send; a queue that is full refuses further errands,
which the citizen asks for again.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import BoundedSemaphore, Lock

import structlog

_THREADS = 2
_WAITING = 200

log = structlog.get_logger("idp.factors")


class Courier:
    """A bounded queue of errands in this process."""

    def __init__(self, *, waiting: int = _WAITING) -> None:
        # Threads start with the first errand, which is after the workers' fork.
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="courier")
        self._places = BoundedSemaphore(waiting)
        self._lock = Lock()
        self._running: set[Future[None]] = set()

    def later(self, errand: Callable[[], None]) -> bool:
        """Run the errand soon and say so, or say that too many wait already."""
        if not self._places.acquire(blocking=False):
            log.warning("errand refused", detail="too many wait")
            return False
        future = self._pool.submit(_run, errand)
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._done)
        return True

    def wait(self) -> None:
        """Return when every errand that was taken has been run."""
        with self._lock:
            running = set(self._running)
        wait(running)

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)
        self._places.release()


def _run(errand: Callable[[], None]) -> None:
    try:
        errand()
    except Exception as error:  # noqa: BLE001 - nobody waits for it; the log is told
        # The class only: a message of the database may repeat a value.
        log.warning("errand failed", detail=type(error).__name__)
