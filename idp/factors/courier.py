"""What is sent behind the answer, so that the answer's time tells nothing.

Whether a number has an account, and which address it has, could be read off the time
that a message takes. A few threads send; a queue that is full refuses further errands,
which the citizen asks for again. What goes to somebody who may keep us waiting has a
lane of its own, on other threads.
"""

from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import partial
from threading import BoundedSemaphore, Condition

import structlog

Errand = Callable[[], None]
_THREADS = 2
_WAITING = 200

log = structlog.get_logger("idp.factors")


class Courier:
    """A bounded queue of errands in this process, and lanes beside it."""

    def __init__(
        self, *, waiting: int = _WAITING, lanes: int = 1, patient: int = 1
    ) -> None:
        # Threads start with the first errand, which is after the workers' fork.
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="courier")
        self._on_lanes = ThreadPoolExecutor(lanes, thread_name_prefix="courier-lane")
        self._places = BoundedSemaphore(waiting)
        self._patient = BoundedSemaphore(patient)
        self._lock = Condition()
        self._running: set[Future[None]] = set()
        self._waiting = waiting
        self._next: dict[str, deque[Errand]] = {}

    def later(self, errand: Errand) -> bool:
        """Run the errand soon and say so, or say that too many wait already."""
        if not self._places.acquire(blocking=False):
            log.warning("errand refused", detail="too many wait")
            return False
        future = self._pool.submit(_run, _as_now(errand))
        future.add_done_callback(lambda _: self._places.release())
        self._keep(future)
        return True

    def along(self, lane: str, errand: Errand) -> None:
        """Run the errand soon, as the only one of its lane.

        While one of the lane runs, the last that was asked for waits, and then queues
        behind other lanes: none has more than its turn.
        """
        errand = _as_now(errand)
        with self._lock:
            if lane in self._next:
                self._next[lane] = deque([errand])
            else:
                self._set_out(lane, errand, deque())

    def in_line(self, lane: str, errand: Errand) -> bool:
        """Run it as the only one of its lane, after those that wait there already.

        Says so, or that too many wait.
        """
        errand = _as_now(errand)
        with self._lock:
            queue = self._next.get(lane)
            if queue is None:
                self._set_out(lane, errand, deque())
            elif len(queue) < self._waiting:
                queue.append(errand)
            else:
                log.warning("errand refused", detail="too many wait")
                return False
        return True

    def wait_for(self, lanes: Collection[str], *, timeout: float) -> None:
        """Return when these lanes are free, or the time is over.

        A few wait so at a time (`patient`) and the others not at all: a lane that hangs
        must not hold up every thread that answers people.
        """
        if not self._patient.acquire(blocking=False):
            return
        try:
            with self._lock:
                taken = self._next.keys()
                self._lock.wait_for(lambda: taken.isdisjoint(lanes), timeout)
        finally:
            self._patient.release()

    def wait(self) -> None:
        """Return when every errand that was taken has been run."""
        while running := self._under_way():
            wait(running)

    def _set_out(self, lane: str, errand: Errand, following: deque[Errand]) -> None:
        self._next[lane] = following
        self._keep(self._on_lanes.submit(self._go, lane, errand))

    def _go(self, lane: str, errand: Errand) -> None:
        _run(errand)
        with self._lock:
            following = self._next.pop(lane)
            if following:
                self._set_out(lane, following.popleft(), following)
            self._lock.notify_all()

    def _keep(self, future: Future[None]) -> None:
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._forget)

    def _forget(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)

    def _under_way(self) -> set[Future[None]]:
        with self._lock:
            return set(self._running)


def _as_now(errand: Errand) -> Errand:
    """Return the errand with what its log lines carry now, the request's id first."""
    return partial(copy_context().run, errand)


def _run(errand: Errand) -> None:
    try:
        errand()
    except Exception as error:  # noqa: BLE001 - nobody waits for it; the log is told
        # The class only: a message of the database may repeat a value.
        log.warning("errand failed", detail=type(error).__name__)
