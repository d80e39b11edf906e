"""The keys that seal and index columns take two: a new version, and the end of one."""

from datetime import datetime

from sqlalchemy.orm import Session

from idp.approvals.kinds import Afterwards, Kind, Payload, Services
from idp.sealing import versions
from idp.storage.key_material import open_kek

RENEW, DESTROY = "keys.renew", "keys.destroy"
ROLES = ("security",)


def _renew(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Publish a version; `idp keys reseal` puts it to use after the lead."""
    del by
    kek, purpose = open_kek(services.config), payload["purpose"]
    versions.publish(session, services.audit, kek, purpose, now=now)
    return None


def _destroy(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Erase a retired version, looking again that nothing is left under it."""
    del by
    number = payload["version"]
    versions.destroy(session, services.audit, services.config, number, now=now)
    return None


def _purpose(payload: Payload) -> str:
    return str(payload["purpose"])


def _version(payload: Payload) -> str:
    return f"seal {payload['version']}"


KINDS = {
    RENEW: Kind(ROLES, _renew, _purpose),
    DESTROY: Kind(ROLES, _destroy, _version),
}
