"""Moving a ring on inside a transaction that is under way, as an approval is.

Hardware forgets at once and no transaction brings a key back, so what is to be erased
waits until all is written. A process that dies in between leaves the rest to
`Rotator.settle`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from idp.audit.key_changes import audited_within
from idp.audit.log import AuditLog
from idp.custody.services import Services
from keys.algorithms import Signer
from keys.errors import KeyOrderError
from keys.ring import Clocks, Ring, RingKey
from keys.rotation import Rotator
from keys.signing_keys import Opener


@dataclass(slots=True)
class _ErasingLater(Opener):
    """An opener that keeps in mind what is to be erased once all is written."""

    opener: Opener
    doomed: list[RingKey] = field(default_factory=list)

    def signer(self, row: RingKey) -> Signer:
        return self.opener.signer(row)

    def generate(self, ring: Ring, *, now: datetime) -> RingKey:
        return self.opener.generate(ring, now=now)

    def erase(self, row: RingKey) -> bool:
        self.doomed.append(row)
        return False


def inside(
    services: Services, session: Session, now: datetime
) -> tuple[Rotator, Callable[[], None]]:
    """Return a rotator that writes into `session`, and what to do once committed."""
    opener = _ErasingLater(services.rotator.opener)
    store = audited_within(session, services.audit)
    rotator = replace(services.rotator, store=store, opener=opener)

    def afterwards() -> None:
        for row in opener.doomed:
            opener.opener.erase(row)
        services.rings.reread(now)

    return rotator, afterwards


def unserved(
    opener: Opener, clocks: Clocks, session: Session, audit: AuditLog
) -> Rotator:
    """Return a rotator for a database that nobody serves yet.

    What it leaves in hardware, whoever serves it erases (`Rotator.settle`).
    """
    return Rotator(audited_within(session, audit), _ErasingLater(opener), clocks)


def rotate(
    services: Services, session: Session, ring: Ring, *, now: datetime
) -> Callable[[], None]:
    """Publish the next key of a ring; return what to do once committed."""
    rotator, afterwards = inside(services, session, now)
    rotator.rotate(ring, now=now)
    return afterwards


def publish(
    services: Services, session: Session, kid: str, ring: Ring, *, now: datetime
) -> Callable[[], None]:
    """Publish a generated key of `ring`; return what to do once committed."""
    rotator, afterwards = inside(services, session, now)
    if not any(row.kid == kid and row.ring == ring for row in rotator.store.rows()):
        raise KeyOrderError(f"{kid} is no key of {ring.name}")
    rotator.publish(kid, now=now)
    return afterwards
