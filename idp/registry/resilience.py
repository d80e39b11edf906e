"""A registry that may be down: tries again, rests, and tells what was told last.

A person's record may be told from the last answer, with its day, while it is young
enough by policy. Whether number, name and birth date belong together is never answered
from memory: accounts are proven by the registry of now or later.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from idp import metrics
from idp.config.registry import RegistryConfig
from idp.registry.answers import LastAnswers
from idp.registry.person import PersonRecord
from idp.registry.port import Asker, PopulationRegistry, Question, RegistryDownError

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient we are, and how old an answer may be told again."""

    attempts: int
    pause: float
    failures: int
    rest: timedelta
    stale_max_age: timedelta | None

    @classmethod
    def of(cls, config: RegistryConfig) -> "Policy":
        """Return the configured policy."""
        age = timedelta(seconds=config.stale_max_age)
        return cls(
            attempts=config.attempts,
            pause=config.retry_pause,
            failures=config.breaker_failures,
            rest=timedelta(seconds=config.breaker_pause),
            stale_max_age=age if config.stale_answers else None,
        )


class Breaker:
    """Stops asking for a while once so many questions in a row failed.

    All threads of a process share one. After the rest a single question tries whether
    the registry is back.
    """

    def __init__(self, failures: int, rest: timedelta) -> None:
        self._limit = failures
        self._rest = rest
        self._failed = 0
        self._until: datetime | None = None
        self._lock = threading.Lock()

    def allows(self, now: datetime) -> bool:
        """Say whether to ask now."""
        with self._lock:
            if self._until is None:
                return True
            if now < self._until:
                return False
            self._until = now + self._rest  # the others wait for this one
            return True

    def rests(self, now: datetime) -> bool:
        """Say whether it holds questions back, without taking a turn."""
        with self._lock:
            return self._until is not None and now < self._until

    def note(self, *, failed: bool, now: datetime) -> None:
        """Count what came of a question."""
        with self._lock:
            if not failed:
                self._failed, self._until = 0, None
                return
            self._failed += 1
            if self._failed >= self._limit:
                self._until = now + self._rest


class ResilientRegistry:
    """A remote registry behind retries, a breaker and its last answers."""

    def __init__(
        self,
        remote: PopulationRegistry,
        policy: Policy,
        answers: LastAnswers,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._remote = remote
        self._policy = policy
        self._answers = answers
        self._breaker = Breaker(policy.failures, policy.rest)
        self._wait = wait

    @property
    def authority(self) -> str:
        """The name of the authority."""
        return self._remote.authority

    def rests(self, now: datetime) -> bool:
        """Say whether it is not asked for a while, because it failed of late."""
        return self._breaker.rests(now)

    @property
    def capabilities(self) -> frozenset[str]:
        """What the remote registry can tell."""
        return self._remote.capabilities

    def confirms(self, question: Question, asker: Asker, *, now: datetime) -> bool:
        """Ask, with patience; raises `RegistryDownError`."""
        return self._ask(
            lambda: self._remote.confirms(question, asker, now=now), now=now
        )

    def look_up(
        self, question: Question, asker: Asker, *, now: datetime
    ) -> PersonRecord | None:
        """Ask, with patience; when it is down tell the last answer, marked as such."""
        try:
            record = self._ask(
                lambda: self._remote.look_up(question, asker, now=now), now=now
            )
        except RegistryDownError:
            record = self._last(question, now)
            if record is None:
                raise
            return record
        if self._policy.stale_max_age is not None:
            self._answers.keep(question, record, now=now)
        return record

    def _last(self, question: Question, now: datetime) -> PersonRecord | None:
        if self._policy.stale_max_age is None:
            return None
        since = now - self._policy.stale_max_age
        record = self._answers.find(question, since=since)
        return None if record is None else replace(record, is_stale=True)

    def _ask(self, ask: Callable[[], Answer], *, now: datetime) -> Answer:
        if not self._breaker.allows(now):
            metrics.REGISTRY_QUESTIONS.labels("resting").inc()
            raise RegistryDownError(detail="registry: resting after failures")
        for left in reversed(range(self._policy.attempts)):
            try:
                with metrics.REGISTRY_SECONDS.time():
                    answer = ask()
            except RegistryDownError:
                metrics.REGISTRY_QUESTIONS.labels("down").inc()
                if not left:
                    self._breaker.note(failed=True, now=now)
                    raise
                # At a random moment, so that a crowd does not come back at once.
                jitter = secrets.randbelow(1000) / 1000
                self._wait(self._policy.pause * (0.5 + jitter))
            else:
                metrics.REGISTRY_QUESTIONS.labels("answered").inc()
                self._breaker.note(failed=False, now=now)
                return answer
        raise AssertionError("at least one attempt")  # pragma: no cover - by settings
