"""What a portal remembers, on the server: the cookie holds a random name only."""

import json
import secrets
import threading
from collections import OrderedDict
from time import monotonic
from typing import Any

from flask import session

VISIT_SECONDS = 8 * 3600
CAPACITY = 10_000


class Memory:
    """A bounded store with expiry, in the shape that Authlib calls a cache."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._values: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._capacity = capacity
        self._lock = threading.Lock()

    def get(self, key: str) -> str | None:
        """Return the live value, or None."""
        with self._lock:
            expires_at, value = self._values.get(key, (0.0, ""))
        return value if expires_at > monotonic() else None

    def set(self, key: str, value: str, expires_in: float) -> None:
        """Keep `value`; beyond the capacity the oldest goes."""
        with self._lock:
            self._values[key] = (monotonic() + expires_in, value)
            self._values.move_to_end(key)
            while len(self._values) > self._capacity:
                self._values.popitem(last=False)

    def delete(self, key: str) -> None:
        """Forget `key`, known or not."""
        with self._lock:
            self._values.pop(key, None)


def begin(memory: Memory, visit: dict[str, Any]) -> None:
    """Keep who signed in under a new name, so that no old cookie is worth anything."""
    end(memory)
    name = secrets.token_urlsafe(32)
    memory.set(f"visit:{name}", json.dumps(visit), VISIT_SECONDS)
    session["visit"] = name


def current(memory: Memory) -> dict[str, Any] | None:
    """Return the visit of this browser, or None when nobody is signed in."""
    value = memory.get(f"visit:{session.get('visit', '')}")
    return None if value is None else json.loads(value)


def end(memory: Memory) -> dict[str, Any] | None:
    """Forget the visit of this browser and return it."""
    visit = current(memory)
    memory.delete(f"visit:{session.pop('visit', '')}")
    return visit
