"""What would happen, and who would break: counted before anybody decides.

A rotation costs nobody anything who keeps to the cache times; so it names the portals
of which we know better, or nothing. A kill costs what its choices say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from idp.authentication.models import SessionRecord
from idp.consent.models import Grant
from idp.custody import reach, records, standing
from idp.custody.reach import Span
from idp.custody.services import Services
from idp.custody.standing import Standing
from keys.ring import Ring, RingKey


@dataclass(frozen=True, slots=True)
class Cost:
    """What stands on a key now: what a kill could end, and would refuse."""

    grants: int
    sessions: int
    tokens: int
    has_grants: bool


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
    return Cost(
        grants=reach.count(connection, Grant, reach.grants(span, now)),
        sessions=reach.count(
            connection, SessionRecord, reach.sessions(lifetimes, now, now)
        ),
        tokens=reach.tokens(connection, span, life=life, now=now),
        has_grants=bool(clients),
    )


def portals(
    services: Services, connection: Connection, ring: Ring, key: RingKey
) -> Portals:
    """Return where each portal that the ring concerns stands before the key."""
    parties = services.relying_parties.all(connection)
    found = standing.of_key(
        standing.concerned(parties, ring.purpose, ring.alg),
        records.fetches(connection),
        records.returns(connection),
        kid=key.kid,
        signs_from=key.activates_at,
    )
    lead = services.rotator.clocks[ring.purpose].publish_lead
    return Portals(
        all=found,
        late=[one for one in found if one.caches_beyond(lead)],
        unseen=[one for one in found if not one.is_seen],
    )
