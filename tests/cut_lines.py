"""A database line that is cut inside a request, before each of its statements in turn.

What was not committed is gone with the line, as with a process that is killed there.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse


def survive(send: Callable[[], TestResponse], check: Callable[[], None]) -> int:
    """Send again and again, cut before one statement later each time, till none is.

    After each cut what is there is checked. Returns how often the line was cut.
    """
    for place in count(1):
        with _cut_before(place) as cuts:
            send()
        check()
        if not cuts:
            return place - 1
    raise AssertionError


@contextmanager
def _cut_before(place: int) -> Iterator[list[str]]:
    here, seen, cuts = threading.get_ident(), count(1), []

    def cut(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        # What the courier does on its own thread goes on.
        if threading.get_ident() == here and next(seen) == place:
            cuts.append(statement)
            cursor.connection.close()

    sa.event.listen(Engine, "before_cursor_execute", cut)
    try:
        yield cuts
    finally:
        sa.event.remove(Engine, "before_cursor_execute", cut)
