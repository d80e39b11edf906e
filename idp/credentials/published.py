"""Status lists as they are published: signed once, and kept in the process for a while.

Whoever asks needs no proof of who they are (Token Status List §8.1), so that an answer
must cost nothing: neither a look at the table, nor compression, nor a signature. One
that a killed key has signed is made anew at once.
"""

from datetime import datetime, timedelta
from threading import Lock

from idp.credentials import issuing
from idp.credentials.issuing import Services
from keys import jws


class PublishedLists:
    """The newest signed list of each number, for `list_cache` seconds."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[datetime, str]] = {}
        self._lock = Lock()

    def find(
        self, services: Services, number: int, *, now: datetime
    ) -> tuple[str, int] | None:
        """Return a list's token and for how many seconds it is fresh, or None."""
        age = services.config.credentials.list_cache
        with self._lock:  # of parallel readers one has it signed
            made, token = self._kept.get(number, (None, ""))
            is_fresh = made and made <= now < made + timedelta(seconds=age)
            if made is None or not (is_fresh and _verifies(services, token, now)):
                signed = issuing.status_token(services, number, now=now)
                if signed is None:
                    return None
                made, token = self._kept[number] = now, signed
        return token, age - int((now - made).total_seconds())


def _verifies(services: Services, token: str, now: datetime) -> bool:
    return services.rings.lives(jws.read(token).kid, now)
