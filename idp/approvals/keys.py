"""Keys take two: a rotation, the publication of a generated key, an emergency kill."""

from datetime import datetime

from sqlalchemy.orm import Session

from idp.approvals.kinds import Afterwards, Kind, Payload, Services
from idp.custody import aftermath, kill, rotating
from idp.custody.kill import Choice
from keys.ring import Ring

ROTATE, PUBLISH, KILL = "keys.rotate", "keys.publish", "keys.kill"
ROLES = ("security",)


def _rotate(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    del by
    return rotating.rotate(services, session, Ring.named(payload["ring"]), now=now)


def _publish(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    del by
    kid, ring = payload["kid"], Ring.named(payload["ring"])
    return rotating.publish(services, session, kid, ring, now=now)


def _kill(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    choice, reason = Choice.of(payload), payload["reason"]
    done = kill.kill(services, session, choice, reason=reason, by=by, now=now)

    def afterwards() -> None:
        done.afterwards()
        aftermath.look(services, now=now)

    return afterwards


def _ring(payload: Payload) -> str:
    return str(payload["ring"])


KINDS = {
    ROTATE: Kind(ROLES, _rotate, _ring),
    PUBLISH: Kind(ROLES, _publish, _ring),
    KILL: Kind(ROLES, _kill, _ring),
}
