"""Sums of what was seen, each attributed and written down once.

A fetch is a client's if it comes from the networks that were registered for it, or if
it says so in `client_id` and has no networks to hold its word against; all else is
nobody's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_network
from typing import Any, Literal, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from idp import clock
from idp.custody.models import KeyRefusal, KeySet, KeySetFetch, TokenReturn
from idp.networks import Network
from idp.relying_parties import egress

Via = Literal["network", "hint", "nobody"]
Fetcher = tuple[bytes, str, str]  # the key set, where from, and who it says it is
Refused = tuple[str, str]  # a killed key, and the type of what names it
NOBODY = ""
KEEP = timedelta(days=400)  # fetches of older key sets prove nothing any more

_SETS = cast("sa.Table", KeySet.__table__)
_FETCHES = cast("sa.Table", KeySetFetch.__table__)
_RETURNS = cast("sa.Table", TokenReturn.__table__)
_REFUSALS = cast("sa.Table", KeyRefusal.__table__)
_Place = TypeVar("_Place")


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something was seen, and when first and last."""

    first_at: datetime
    last_at: datetime
    count: int


def merge(tallies: dict[_Place, Tally], place: _Place, more: Tally) -> None:
    """Add a tally to what stands at its place."""
    known = tallies.get(place, more)
    tallies[place] = Tally(
        min(known.first_at, more.first_at),
        max(known.last_at, more.last_at),
        more.count if known is more else known.count + more.count,
    )


class Egress:
    """Whose a source is, by the networks that clients registered.

    A source is read once and looked up once for each length of a prefix, however many
    clients there are: anybody can make up sources.
    """

    def __init__(self, registered: Mapping[str, tuple[Network, ...]]) -> None:
        self._registered = registered
        self._owners: dict[Network, set[str]] = {}
        self._lengths: dict[int, set[int]] = {4: set(), 6: set()}
        self._known: dict[str, frozenset[str]] = {}
        for name, networks in registered.items():
            for network in networks:
                self._owners.setdefault(network, set()).add(name)
                self._lengths[network.version].add(network.prefixlen)

    def hint(self, said: str) -> str:
        """Return what a fetcher says it is, if there is such a client."""
        return said if said in self._registered else NOBODY

    def attribute(self, source: str, hint: str) -> tuple[str, Via]:
        """Return whose fetch it was and by what."""
        if source not in self._known:
            self._known[source] = frozenset(self._from(source))
        owners = self._known[source]
        if hint in owners:
            return hint, "network"
        if hint in self._registered:
            # A word against registered networks is no evidence.
            has_networks = self._registered[hint]
            return (NOBODY, "nobody") if has_networks else (hint, "hint")
        return (min(owners), "network") if len(owners) == 1 else (NOBODY, "nobody")

    def _from(self, source: str) -> set[str]:
        try:
            place = ip_network(source)
        except ValueError:
            return set()
        found: set[str] = set()
        for length in self._lengths[place.version]:
            if length <= place.prefixlen:
                found |= self._owners.get(place.supernet(new_prefix=length), set())
        return found


def attributed(
    fetches: Mapping[Fetcher, Tally], egress: Egress
) -> dict[tuple[bytes, str, Via], Tally]:
    """Return the sums of each client and key set; pure.

    Words that name no client are put together first.
    """
    told: dict[Fetcher, Tally] = {}
    for (body, source, hint), tally in fetches.items():
        merge(told, (body, source, egress.hint(hint)), tally)
    found: dict[tuple[bytes, str, Via], Tally] = {}
    for (body, source, hint), tally in told.items():
        client_id, via = egress.attribute(source, hint)
        merge(found, (body, client_id, via), tally)
    return found


def write_fetches(session: Session, fetches: Mapping[Fetcher, Tally]) -> None:
    """Add fetches to what is written, each to its client and key set."""
    if not fetches:
        return
    found = attributed(fetches, Egress(egress.registered(session)))
    digests = {body: sha256(body).hexdigest() for body, _, _ in found}
    kids = {
        digest: [key["kid"] for key in json.loads(body)["keys"]]
        for body, digest in digests.items()
    }
    tallies = {
        (client_id, digests[body], via): tally
        for (body, client_id, via), tally in found.items()
    }
    insert = _insert(session)
    for digest, named in sorted(kids.items()):
        row = insert(_SETS).values(digest=digest, kids=named)
        is_new = session.execute(row.on_conflict_do_nothing().returning(_SETS.c.digest))
        if is_new.first():  # once in a rotation: the moment to forget what is long past
            oldest = max(tally.last_at for tally in tallies.values()) - KEEP
            session.execute(sa.delete(_FETCHES).where(_FETCHES.c.last_at < oldest))
    _add(session, _FETCHES, ("client_id", "digest", "via"), tallies)


def write_refusals(session: Session, refusals: Mapping[Refused, Tally]) -> None:
    """Add refusals to what is written, each to its key and type."""
    _add(session, _REFUSALS, ("kid", "typ"), refusals)


def write_returns(
    session: Session, returns: Mapping[str, tuple[int, datetime]]
) -> None:
    """Keep the newest sign-in of each client that came back."""
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


def _add(
    session: Session,
    table: sa.Table,
    names: tuple[str, ...],
    tallies: Mapping[Any, Tally],
) -> None:
    """Add up; in one order, so that two processes never wait in a circle."""
    insert, old = _insert(session), table.c
    for place, tally in sorted(tallies.items(), key=lambda item: item[0]):
        row = insert(table).values(
            **dict(zip(names, place, strict=True)),
            first_at=tally.first_at,
            last_at=tally.last_at,
            count=tally.count,
        )
        new = row.excluded
        last_at = sa.case((new.last_at > old.last_at, new.last_at), else_=old.last_at)
        session.execute(
            row.on_conflict_do_update(
                index_elements=list(names),
                set_={"last_at": last_at, "count": old.count + new.count},
            )
        )


def _insert(session: Session) -> Any:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert if is_sqlite else postgresql.insert
