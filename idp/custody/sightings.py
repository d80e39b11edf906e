"""Who fetched which key set, who came back since, who shows tokens of a killed key.

A sighting is a few dictionary operations in memory; a thread behind the answers writes
the sums down (`sums`). A process that is killed loses its last seconds.
"""

from datetime import datetime
from threading import Lock

from idp.custody import sums
from idp.custody.sums import Fetcher, Refused, Tally, merge
from idp.storage.database import Database

_MOST = 1000  # different fetchers that one process remembers between two writings
_LONGEST_HINT, _LONGEST_TYPE = 255, 32


class Sightings:
    """What one process saw since it last wrote it down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._fetches: dict[Fetcher, Tally] = {}
        self._returns: dict[str, tuple[int, datetime]] = {}
        self._refusals: dict[Refused, Tally] = {}

    def fetched(self, key_set: bytes, source: str, hint: str, now: datetime) -> None:
        """Count one fetch of the key set."""
        fetcher = (key_set, source, hint[:_LONGEST_HINT])
        with self._lock:
            if fetcher not in self._fetches and len(self._fetches) >= _MOST:
                fetcher = (key_set, "", "")
            merge(self._fetches, fetcher, Tally(now, now, 1))

    def came_back(self, client_id: str, issued_at: int, now: datetime) -> None:
        """Note that a client uses a sign-in whose ID token it got at `issued_at`."""
        with self._lock:
            known = self._returns.get(client_id)
            if known is None or known[0] < issued_at:
                self._returns[client_id] = issued_at, now

    def refused(self, kid: str, typ: str, now: datetime) -> None:
        """Count a token that names a killed key; anybody can write one."""
        place = kid, typ[:_LONGEST_TYPE]
        with self._lock:
            if place in self._refusals or len(self._refusals) < _MOST:
                merge(self._refusals, place, Tally(now, now, 1))

    def flush(self) -> None:
        """Write down what was seen; what cannot be is kept for the next time."""
        with self._lock:
            fetches, self._fetches = self._fetches, {}
            returns, self._returns = self._returns, {}
            refusals, self._refusals = self._refusals, {}
        if not fetches and not returns and not refusals:
            return
        try:
            with self._database.transaction() as session:
                sums.write_fetches(session, fetches)
                sums.write_returns(session, returns)
                sums.write_refusals(session, refusals)
        except BaseException:
            with self._lock:
                for fetcher, tally in fetches.items():
                    merge(self._fetches, fetcher, tally)
                for place, tally in refusals.items():
                    merge(self._refusals, place, tally)
                self._returns = returns | self._returns
            raise
