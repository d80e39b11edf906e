"""Who fetched which key set, and who came back with a token since.

A fetch is a few dictionary operations in memory; a thread behind the answers adds the
sums up and writes them down. A process that is killed loses its last seconds. A fetch
is a client's if it comes from the networks that were registered for it, or if it says
so in `client_id` and has no networks to hold its word against; all else is nobody's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_network
from threading import Lock
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp import clock
from idp.custody.models import KeySet, KeySetFetch, TokenReturn
from idp.networks import Network
from idp.relying_parties import egress
from idp.storage.database import Database

Via = Literal["network", "hint", "nobody"]
NOBODY = ""
KEEP = timedelta(days=400)  # fetches of older key sets prove nothing any more

_MOST = 5000  # different fetchers that one process remembers between two writings
_LONGEST_HINT = 255
_SETS = cast("sa.Table", KeySet.__table__)
_FETCHES = cast("sa.Table", KeySetFetch.__table__)
_RETURNS = cast("sa.Table", TokenReturn.__table__)
_Fetcher = tuple[bytes, str, str]  # the key set, where from, and who it says it is
Egress = Mapping[str, tuple[Network, ...]]


@dataclass(slots=True)
class Tally:
    """How often something was seen, and when first and last."""

    first_at: datetime
    last_at: datetime
    count: int = 1

    def add(self, other: "Tally") -> None:
        """Take in what was seen besides."""
        self.first_at = min(self.first_at, other.first_at)
        self.last_at = max(self.last_at, other.last_at)
        self.count += other.count


class Sightings:
    """What one process saw since it last wrote it down."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._fetches: dict[_Fetcher, Tally] = {}
        self._returns: dict[str, tuple[int, datetime]] = {}

    def fetched(self, key_set: bytes, source: str, hint: str, now: datetime) -> None:
        """Count one fetch of the key set."""
        with self._lock:
            self._add((key_set, source, hint[:_LONGEST_HINT]), Tally(now, now))

    def came_back(self, client_id: str, issued_at: int, now: datetime) -> None:
        """Note that a client uses a sign-in whose ID token it got at `issued_at`."""
        with self._lock:
            known = self._returns.get(client_id)
            if known is None or known[0] < issued_at:
                self._returns[client_id] = issued_at, now

    def flush(self) -> None:
        """Write down what was seen; what cannot be is kept for the next time."""
        with self._lock:
            fetches, self._fetches = self._fetches, {}
            returns, self._returns = self._returns, {}
        if not fetches and not returns:
            return
        try:
            with self._database.transaction() as session:
                _write_fetches(session, fetches)
                _write_returns(session, returns)
        except BaseException:
            with self._lock:
                for fetcher, tally in fetches.items():
                    self._add(fetcher, tally)
                self._returns = returns | self._returns
            raise

    def _add(self, fetcher: _Fetcher, tally: Tally) -> None:
        if fetcher not in self._fetches and len(self._fetches) >= _MOST:
            fetcher = (fetcher[0], "", "")
        known = self._fetches.setdefault(fetcher, tally)
        if known is not tally:
            known.add(tally)


def attribute(source: str, hint: str, registered: Egress) -> tuple[str, Via]:
    """Return whose fetch it was and by what; pure.

    `registered` has every client with its networks, or none of them.
    """
    owners = [name for name, nets in registered.items() if _is_from(source, nets)]
    if hint in owners:
        return hint, "network"
    if hint in registered:
        # A word against registered networks is no evidence.
        return (NOBODY, "nobody") if registered[hint] else (hint, "hint")
    return (owners[0], "network") if len(owners) == 1 else (NOBODY, "nobody")


def _is_from(source: str, networks: tuple[Network, ...]) -> bool:
    try:
        place = ip_network(source)
    except ValueError:
        return False
    return any(
        place.version == network.version and place.subnet_of(network)  # type: ignore[arg-type]
        for network in networks
    )


def _write_fetches(session: Session, fetches: Mapping[_Fetcher, Tally]) -> None:
    if not fetches:
        return
    registered = egress.registered(session)
    sums: dict[tuple[str, str, Via], Tally] = {}
    kids: dict[str, list[str]] = {}
    for (body, source, hint), tally in fetches.items():
        digest = sha256(body).hexdigest()
        kids[digest] = [key["kid"] for key in json.loads(body)["keys"]]
        client_id, via = attribute(source, hint, registered)
        known = sums.setdefault((client_id, digest, via), tally)
        if known is not tally:
            known.add(tally)
    insert = _insert(session)
    for digest, named in sorted(kids.items()):
        row = insert(_SETS).values(digest=digest, kids=named)
        is_new = session.execute(row.on_conflict_do_nothing().returning(_SETS.c.digest))
        if is_new.first():  # once in a rotation: the moment to forget what is long past
            oldest = max(tally.last_at for tally in sums.values()) - KEEP
            session.execute(sa.delete(_FETCHES).where(_FETCHES.c.last_at < oldest))
    # In one order, so that two processes never wait for each other in a circle.
    for (client_id, digest, via), tally in sorted(sums.items()):
        session.execute(_upsert(insert, client_id, digest, via, tally))


def _upsert(insert: Any, client_id: str, digest: str, via: str, tally: Tally) -> Any:
    row = insert(_FETCHES).values(
        client_id=client_id,
        digest=digest,
        via=via,
        first_at=tally.first_at,
        last_at=tally.last_at,
        count=tally.count,
    )
    new, old = row.excluded, _FETCHES.c
    is_later = new.last_at > old.last_at
    return row.on_conflict_do_update(
        index_elements=["client_id", "digest", "via"],
        set_={
            "last_at": sa.case((is_later, new.last_at), else_=old.last_at),
            "count": old.count + new.count,
        },
    )


def _write_returns(
    session: Session, returns: Mapping[str, tuple[int, datetime]]
) -> None:
    insert = _insert(session)
    for client_id, (issued_at, seen_at) in sorted(returns.items()):
        row = insert(_RETURNS).values(
            client_id=client_id,
            issued_at=clock.from_timestamp(issued_at),
            seen_at=seen_at,
        )
        session.execute(
            row.on_conflict_do_update(
                index_elements=["client_id"],
                set_={"issued_at": row.excluded.issued_at, "seen_at": seen_at},
                where=_RETURNS.c.issued_at < row.excluded.issued_at,
            )
        )


def _insert(session: Session) -> Any:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert if is_sqlite else postgresql.insert
