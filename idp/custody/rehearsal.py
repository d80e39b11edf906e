"""What would happen, and who would break: counted before anybody decides.

A rotation costs nobody anything who keeps to the cache times; so it names the portals
of which we know better, or nothing. A kill costs what its choices say.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from idp.authentication.models import SessionRecord
from idp.consent.models import Grant
from idp.credentials import register
from idp.credentials.models import WalletCredential
from idp.custody import reach, records, standing
from idp.custody.reach import Count, Span
from idp.custody.services import Services
from idp.custody.standing import Fetch, Standing
from idp.relying_parties.record import RelyingParty
from keys.ring import Ring, RingKey


@dataclass(frozen=True, slots=True)
class Cost:
    """What stands on a key now: what a kill could end, and would refuse."""

    grants: Count
    sessions: Count
    tokens: Count
    has_grants: bool
    credentials: Count | None = None

    @property
    def counts(self) -> dict[str, Count]:
        """Return the counts, by what they count; what there cannot be is left out."""
        more = {"grants": self.grants} if self.has_grants else {}
        more |= {"credentials": self.credentials} if self.credentials else {}
        return {"tokens": self.tokens, "sessions": self.sessions} | more


@dataclass(frozen=True, slots=True)
class Seen:
    """What was written down of all portals, read once for all keys asked about."""

    parties: Sequence[RelyingParty]
    fetches: Sequence[Fetch]
    returns: Mapping[str, tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Portals:
    """Where the ring's portals stand before a key."""

    all: Sequence[Standing]
    late: Sequence[Standing]
    unseen: Sequence[Standing]

    @property
    def having(self) -> Sequence[Standing]:
        """Those that were given the key."""
        return [one for one in self.all if one.has]


def cost(
    services: Services, connection: Connection, key: RingKey, now: datetime
) -> Cost:
    """Count what stands on a key."""
    parties = services.relying_parties.all(connection)
    clients = reach.clients_of(parties, key.ring.purpose, key.ring.alg)
    lifetimes = services.config.lifetimes
    since = min(key.activates_at or now, now)
    until = min(key.retired_at or now, now)
    span = Span(clients, since, until)
    life = max(lifetimes.access_token, lifetimes.id_token)
    held = key.ring.purpose == "credential"
    wallets = reach.wallets(key.kid, now, now)
    return Cost(
        grants=reach.count(connection, Grant, wallets)
        if held
        else reach.count_grants(connection, span, now),
        sessions=reach.count(
            connection, SessionRecord, reach.sessions(lifetimes, now, now)
        ),
        tokens=reach.tokens(connection, span, life=life, now=now),
        has_grants=held or bool(clients),
        credentials=reach.count(
            connection, WalletCredential, register.holds(key.kid, now)
        )
        if held
        else None,
    )


def seen(services: Services, connection: Connection, kids: Collection[str]) -> Seen:
    """Read what portals fetched of these keys and what they came back with."""
    return Seen(
        services.relying_parties.all(connection),
        records.fetches(connection, kids),
        records.returns(connection),
    )


def portals(services: Services, known: Seen, ring: Ring, key: RingKey) -> Portals:
    """Return where each portal that the ring concerns stands before the key; pure."""
    found = standing.of_key(
        standing.concerned(known.parties, ring.purpose, ring.alg),
        known.fetches,
        known.returns,
        kid=key.kid,
        signs_from=key.activates_at,
    )
    lead = services.rotator.clocks[ring.purpose].publish_lead
    return Portals(
        all=found,
        late=[one for one in found if one.caches_beyond(lead)],
        unseen=[one for one in found if not one.is_seen],
    )
