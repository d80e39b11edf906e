"""Connections that wait for their next use, never shared across a fork."""

import os
from collections import deque
from typing import Generic, TypeVar

Connection = TypeVar("Connection")


class IdleConnections(Generic[Connection]):
    """A stack of idle connections of this process; safe among threads."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._stack: deque[Connection] = deque()

    def take(self) -> Connection | None:
        """Return the connection that was used last, or None."""
        if self._process != os.getpid():
            # What the parent opened is neither used nor closed by a forked child.
            self._inherited, self._stack = self._stack, deque()
            self._process = os.getpid()
        try:
            return self._stack.pop()
        except IndexError:
            return None

    def give(self, connection: Connection) -> None:
        """Put a connection that is in order back."""
        self._stack.append(connection)
