"""One reading as the citizen sees it: asked, waiting, reading, and how it ended."""

import secrets
import threading
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal

from clients.reader.agent.link import Asker, ProviderLink

State = Literal["asked", "waiting", "reading", "done", "failed"]

ENDED = ("done", "failed")


@dataclass
class Reading:
    """What one click of the citizen is about; its name is the browser's only handle."""

    issuer: str
    link: ProviderLink
    asker: Asker
    language: str
    name: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    began_at: float = field(default_factory=monotonic)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._state: State = "asked"
        self._detail = ""
        self.return_url: str | None = None
        self.is_cancelled = threading.Event()

    @property
    def status(self) -> tuple[State, str]:
        """Return the state and its detail: what is missing, or why it failed."""
        with self._changed:
            return self._state, self._detail

    @property
    def seconds_left(self) -> float:
        """Return how long the provider still waits."""
        return self.began_at + self.asker.expires_in - monotonic()

    def decide(self) -> bool:
        """Take the one decision; False when it was taken already."""
        with self._changed:
            if self._state != "asked":
                return False
            self._set("waiting", "")
            return True

    def move(self, state: State, detail: str = "") -> None:
        """Go on to another state, or to another detail of the same."""
        with self._changed:
            if (state, detail) != (self._state, self._detail):
                self._set(state, detail)

    def finish(self, return_url: str) -> None:
        """End well: the browser goes back to the provider."""
        with self._changed:
            self.return_url = return_url
            self._set("done", "")

    def wait_for_change(self, known: str, seconds: float) -> tuple[State, str]:
        """Return the status once it differs from `known`, or after that long."""
        with self._changed:
            self._changed.wait_for(lambda: self.mark != known, seconds)
            return self._state, self._detail

    @property
    def mark(self) -> str:
        """Return the status as one word, by which a page says what it shows."""
        return f"{self._state}.{self._detail}"

    def _set(self, state: State, detail: str) -> None:
        self._state, self._detail = state, detail
        self._changed.notify_all()


class Readings:
    """The few readings that a computer has at a time; the oldest makes room."""

    CAPACITY = 16

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: dict[str, Reading] = {}

    def add(self, reading: Reading) -> None:
        """Keep `reading`; those that the provider no longer waits for are dropped."""
        with self._lock:
            for name, old in list(self._readings.items()):
                if old.seconds_left < 0 and old.status[0] != "reading":
                    del self._readings[name]
            while len(self._readings) >= self.CAPACITY:
                dropped = self._readings.pop(next(iter(self._readings)))
                dropped.is_cancelled.set()
            self._readings[reading.name] = reading

    def find(self, name: str) -> Reading | None:
        """Return the reading of that name."""
        with self._lock:
            return self._readings.get(name)
