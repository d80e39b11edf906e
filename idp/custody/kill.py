"""A compromised key is worthless at once; what remains is written down to be done.

The key, the incident and every word to a portal are one transaction: what is left to do
(`aftermath`) waits in the database, so that no crash loses it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.audit.custody_events import KeyIncidentBegun
from idp.audit.log import AuditLog
from idp.config import Config
from idp.custody import rotating, standing
from idp.custody.models import IncidentPortal, KeyIncident
from idp.custody.services import Services
from idp.relying_parties.metadata import CLIENT_CREDENTIALS
from idp.relying_parties.record import RelyingParty
from idp.signals import feed, kinds
from idp.signals.models import SignalNotice, SignalStream
from keys.ring import RingKey
from keys.rotation import Rotation, Rotator

MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """What lives on of what a key has signed.

    `grants` are re-keyed (the next refresh signs with the new key) or revoked;
    `sessions` stay, or everybody signs in anew.
    """

    kid: str
    grants: Literal["rekey", "revoke"] = "rekey"
    sessions: Literal["stay", "end"] = "stay"

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Return the choice that a proposal carries."""
        return cls(payload["kid"], payload["grants"], payload["sessions"])


@dataclass(frozen=True, slots=True)
class Killed:
    """What was done; `afterwards` is to be called once it is committed."""

    incident_id: UUID
    rotation: Rotation
    afterwards: Callable[[], None]


def kill(  # noqa: PLR0913 - the stores, then the decision
    services: Services,
    session: Session,
    choice: Choice,
    *,
    reason: str,
    by: str,
    now: datetime,
) -> Killed:
    """Kill a key in this transaction, and write down what remains to be done."""
    rotator, afterwards = rotating.inside(services, session, now)
    opening = Opening(services.config, services.audit, rotator, reason, by)
    incident, rotation = begin(opening, session, choice, now=now)
    ring = rotation.active.ring
    members = _members(choice, rotation.active, incident.killed_at)
    parties = services.relying_parties.all(session.connection())
    notices = _signal(services, session, parties, members, now)
    concerned = standing.concerned(parties, ring.purpose, ring.alg)
    for portal in _portals(services, concerned, notices, now):
        portal.incident_id = incident.id
        session.add(portal)
    return Killed(incident.id, rotation, afterwards)


@dataclass(frozen=True, slots=True)
class Opening:
    """What an incident is begun with, and why, and who began it."""

    config: Config
    audit: AuditLog
    rotator: Rotator
    reason: str
    by: str


def begin(
    opening: Opening, session: Session, choice: Choice, *, now: datetime
) -> tuple[KeyIncident, Rotation]:
    """Kill a key, and begin the incident in which the rest is done; tells nobody."""
    rotator, reason, by = opening.rotator, opening.reason, opening.by
    rotation = rotator.kill(choice.kid, now=now, reason=reason)
    dead = next(row for row in rotator.store.rows() if row.kid == choice.kid)
    ring, at = dead.ring, dead.compromised_at or now
    incident = KeyIncident(
        id=uuid4(),
        kid=choice.kid,
        ring=ring.name,
        reason=reason[:MAX_REASON],
        by=by,
        signed_from=min(dead.activates_at or at, at),
        killed_at=at,
        jwks_max_age=opening.config.keys.cached_for,
        grants=choice.grants,
        sessions=choice.sessions,
    )
    session.add(incident)
    session.flush()
    event = KeyIncidentBegun(
        incident.id, choice.kid, ring.name, choice.grants, choice.sessions, by
    )
    opening.audit.record(session, event, now=now)
    return incident, rotation


def _members(choice: Choice, successor: RingKey, at: datetime) -> dict[str, Any]:
    return {
        "event_timestamp": int(at.timestamp()),
        "kid": choice.kid,
        "ring": successor.ring.name,
        "successor": successor.kid,
        "grants": "ended" if choice.grants == "revoke" else "kept",
        "sessions": "ended" if choice.sessions == "end" else "kept",
    }


def _signal(
    services: Services,
    session: Session,
    parties: Iterable[RelyingParty],
    members: dict[str, Any],
    now: datetime,
) -> dict[str, UUID]:
    """Queue the event in every stream that wants it; return the notices by client."""
    may_ask = {p.client_id for p in parties if CLIENT_CREDENTIALS in p.grant_types}
    streams = session.scalars(
        sa.select(SignalStream).where(SignalStream.status != "disabled")
    )
    told = {}
    for stream in streams.all():
        wants = kinds.KEY_COMPROMISED in stream.events
        if not wants or stream.client_id not in may_ask:
            continue
        is_pushed = stream.status == "enabled" and stream.endpoint_url
        notice = SignalNotice(
            id=uuid4(),
            account_id=None,
            client_id=stream.client_id,
            subject={"format": "uri", "uri": f"{services.config.issuer}/jwks.json"},
            event=kinds.KEY_COMPROMISED,
            members=members,
            created_at=now,
            due_at=now if is_pushed else None,
        )
        feed.queue(services, session, notice)
        told[stream.client_id] = notice.id
    return told


def _portals(
    services: Services,
    concerned: Iterable[RelyingParty],
    notices: Mapping[str, UUID],
    now: datetime,
) -> Iterator[IncidentPortal]:
    """List whom it concerns, and have their contacts written to."""
    contacts = {party.client_id: len(party.contacts) for party in concerned}
    for client_id in sorted(contacts.keys() | notices.keys()):
        number = contacts.get(client_id, 0)
        yield IncidentPortal(
            client_id=client_id,
            notice_id=notices.get(client_id),
            contacts=number,
            due_at=now if number and services.mail.is_on else None,
        )
