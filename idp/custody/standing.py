"""What each portal has of a ring's keys, and what it may still cache; pure.

A well-behaved cache forgets the key set after `max_age`, so whoever fetched a set
without the new key has it at the latest that long after; one that was never seen counts
from the key's publication. Nothing proves that a portal verifies: a fetch shows that it
was given the key, and a token that came back from a sign-in under the key shows that it
took one for good.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idp.credentials.residence_credential import SCOPE
from idp.relying_parties.record import RelyingParty


@dataclass(frozen=True, slots=True)
class Fetch:
    """A client's fetches of one key set, as they were written down."""

    client_id: str
    kids: frozenset[str]
    via: str
    first_at: datetime
    last_at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A portal before one key.

    `has_since` is when it was first given the key; `lacks_at` when it last fetched a
    set without it, later than any with it, and `refetched_at` the same from its own
    networks: anybody can fetch in its name. `used_at` is when it came back with a token
    of a sign-in under the key. None is never. `via` is how we know whose fetches they
    are; `in_use_at` is the newest sign-in that it took for good, whatever the key.
    """

    client_id: str
    name: str
    has_since: datetime | None = None
    has_last: datetime | None = None
    lacks_at: datetime | None = None
    refetched_at: datetime | None = None
    used_at: datetime | None = None
    in_use_at: datetime | None = None
    via: str | None = None

    @property
    def has(self) -> bool:
        """Say whether it was given the key, and no set without it since."""
        return self.has_since is not None and self.lacks_at is None

    @property
    def last_fetch(self) -> datetime | None:
        """Return when it last fetched any key set."""
        return max(filter(None, (self.has_last, self.lacks_at)), default=None)

    def caches_beyond(self, lead: int) -> bool:
        """Say whether it signed people in by keys it had fetched longer ago than that.

        Then it caches too long, or has written our keys down: a rotation breaks it.
        """
        if self.last_fetch is None or self.in_use_at is None:
            return False
        return self.in_use_at - self.last_fetch > timedelta(seconds=lead)

    @property
    def is_seen(self) -> bool:
        """Say whether any fetch is known to be the portal's."""
        return self.via is not None

    def has_it_by(self, published_at: datetime, max_age: int) -> datetime:
        """Return when its cache has the key at the latest, if it keeps to our word."""
        if self.has_since and self.has:
            return self.has_since
        return max(published_at, self.lacks_at or published_at) + timedelta(
            seconds=max_age
        )

    def exposed_until(self, killed_at: datetime, max_age: int) -> datetime | None:
        """Return until when it may believe a killed key, or None: it fetched since.

        Only its own networks prove either; else it may have fetched at the last moment.
        """
        if self.refetched_at and self.refetched_at > killed_at:
            return None
        last = self.has_last if self.via == "network" else None
        return (last or killed_at) + timedelta(seconds=max_age)


def of_key(
    parties: Iterable[RelyingParty],
    fetches: Iterable[Fetch],
    returns: Mapping[str, tuple[datetime, datetime]],
    *,
    kid: str,
    signs_from: datetime | None,
) -> list[Standing]:
    """Return where each party stands before the key, those that lack it first."""
    by_client: dict[str, list[Fetch]] = {}
    for fetch in fetches:
        by_client.setdefault(fetch.client_id, []).append(fetch)
    found = []
    for party in parties:
        own = by_client.get(party.client_id, [])
        issued_at, seen_at = returns.get(party.client_id, (None, None))
        is_under = issued_at and signs_from and issued_at >= signs_from
        one = _standing(party, own, kid)
        used_at = seen_at if is_under else None
        found.append(replace(one, used_at=used_at, in_use_at=issued_at))
    return sorted(found, key=lambda one: (one.has_since is not None, one.name))


def _standing(party: RelyingParty, own: Sequence[Fetch], kid: str) -> Standing:
    having = [fetch for fetch in own if kid in fetch.kids]
    lacking = [fetch for fetch in own if kid not in fetch.kids]
    proven = [fetch for fetch in lacking if fetch.via == "network"]
    has_last = max((fetch.last_at for fetch in having), default=None)
    lacks_at = _newest(lacking, has_last)
    vias = {fetch.via for fetch in own}
    return Standing(
        client_id=party.client_id,
        name=str(party.name),
        has_since=min((fetch.first_at for fetch in having), default=None),
        has_last=has_last,
        lacks_at=lacks_at,
        refetched_at=_newest(proven, has_last),
        via="network" if "network" in vias else "hint" if vias else None,
    )


def _newest(fetches: Sequence[Fetch], after: datetime | None) -> datetime | None:
    at = max((fetch.last_at for fetch in fetches), default=None)
    return None if at and after and at <= after else at


def concerned(
    parties: Iterable[RelyingParty], purpose: str, alg: str
) -> list[RelyingParty]:
    """Return whose tokens the ring signs: who has to have its keys."""
    return [party for party in parties if _is_concerned(party, purpose, alg)]


def _is_concerned(party: RelyingParty, purpose: str, alg: str) -> bool:
    messages = party.messages
    match purpose:
        case "id_token":
            is_told = "openid" in party.scopes and bool(party.response_types)
            algs = {party.id_token_alg} if is_told else set()
            algs |= {party.userinfo_alg} if party.userinfo_alg else set()
            algs |= {messages.introspection_alg} if party.resources else set()
            return alg in algs
        case "access_token":
            return bool(party.resources)  # an API, which may verify by itself
        case "event":
            return bool(party.backchannel_logout_uri) and party.id_token_alg == alg
        case "credential":
            return SCOPE in party.scopes  # a wallet; who verifies them nobody tells us
        case "jarm":
            return bool(party.response_types) and messages.authorization_alg == alg
    return False
