"""A ward's sign-in waits for the representative's word (Decree 69/2024 art. 14.2).

The ward's screen shows a number; the representative, signed in on their own page, sees
who asks from where and types it. The request lives for minutes, one at a time for each
ward, and a wrong number ends it: nobody guesses, and nobody confirms another's sign-in.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from idp.audit.event import Event
from idp.audit.representation_events import SignInConfirmed, SignInNotConfirmed
from idp.authentication.models import SessionRecord
from idp.authentication.session import SignedIn
from idp.authentication.session_changes import Services
from idp.storage.ephemeral import EphemeralStore

_SMALLEST, _NUMBERS = 10, 90  # two digits, none of them a leading zero
_WINDOW, _MOST = 3600, 10


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ward's sign-in that waits; `place` (`source`, `user_agent`) is where from."""

    ward_id: UUID
    session_id: UUID
    number: str
    client_id: str | None
    place: dict[str, Any]
    made_at: datetime


def ask(  # noqa: PLR0913 - whose sign-in, from where, to which portal
    ephemeral: EphemeralStore,
    ward: SignedIn,
    *,
    client_id: str | None,
    place: dict[str, Any],
    now: datetime,
    ttl: int,
) -> bool:
    """Ask the ward's representatives anew; False if it was asked too often."""
    ward_id = str(ward.account.id)
    if ephemeral.count(f"confirmations:{ward_id}", ttl=_WINDOW) > _MOST:
        return False
    ephemeral.put(
        f"confirmation:{ward_id}",
        {
            "session": str(ward.session.id),
            "number": str(_SMALLEST + secrets.randbelow(_NUMBERS)),
            "client_id": client_id,
            "place": place,
            "made_at": now.isoformat(),
        },
        ttl=ttl,
    )
    return True


def find(ephemeral: EphemeralStore, ward_id: UUID) -> Waiting | None:
    """Return the ward's request while it waits; looking changes nothing."""
    value = ephemeral.get(f"confirmation:{ward_id}")
    return _waiting(ward_id, value) if value else None


def decide(  # noqa: PLR0913 - the stores, then who decides about what
    services: Services,
    database: DatabaseSession,
    waiting: Waiting,
    *,
    representative_id: UUID,
    number: str | None,
    now: datetime,
) -> bool:
    """Use the request up: confirm with the right number, refuse with another or None.

    Of parallel decisions one counts. Whether the representative may is the caller's
    question (`accounts.representation`).
    """
    taken = services.ephemeral.take(f"confirmation:{waiting.ward_id}")
    if taken is None or taken["session"] != str(waiting.session_id):
        return False
    typed = (number or "").strip().encode()
    is_right = hmac.compare_digest(typed, str(taken["number"]).encode())
    ground = "wrong_number" if number is not None else "representative"
    event: Event = SignInNotConfirmed(
        waiting.ward_id, waiting.session_id, representative_id, ground
    )
    if is_right:
        is_right = _confirm(database, waiting, representative_id)
        event = SignInConfirmed(waiting.ward_id, waiting.session_id, representative_id)
    services.audit.record(database, event, now=now)
    return is_right


def _confirm(
    database: DatabaseSession, waiting: Waiting, representative_id: UUID
) -> bool:
    changed = database.execute(
        sa.update(SessionRecord)
        .where(
            SessionRecord.id == waiting.session_id,
            SessionRecord.account_id == waiting.ward_id,
            SessionRecord.ended_at.is_(None),
        )
        .values(confirmed_by=representative_id)
        .returning(SessionRecord.id)
    ).all()
    return bool(changed)


def _waiting(ward_id: UUID, value: dict[str, Any]) -> Waiting:
    return Waiting(
        ward_id=ward_id,
        session_id=UUID(value["session"]),
        number=value["number"],
        client_id=value["client_id"],
        place=value["place"],
        made_at=datetime.fromisoformat(value["made_at"]),
    )
