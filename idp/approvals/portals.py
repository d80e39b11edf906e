"""Portals take two: a registration, its change or end, and the tokens that register.

What is proposed is tried and taken back first, so that a refusal is heard at once. Its
secrets are told to the proposer alone: here are digests, which count once approved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from idp.approvals.kinds import Afterwards, Kind, Payload, Services
from idp.consent import grants
from idp.relying_parties import (
    own_registration,
    registration_tokens,
    security_level,
    suspension,
)
from idp.staff.errors import StaffChangeError

REGISTER, CHANGE, REMOVE = "portal.register", "portal.change", "portal.remove"
RESUME = "portal.resume"
INITIAL_TOKEN, OWN_TOKEN = "portal.initial_token", "portal.own_token"
ROLES = ("relying_party_manager", "security")
_SECRET = "client_secret"  # noqa: S105 - the name of a member


@dataclass(frozen=True, slots=True)
class Draft:
    """A registration as it will be; `answer` has a new secret, the payload has not."""

    kind: str
    payload: dict[str, Any]
    answer: dict[str, Any]


def draft(
    services: Services,
    session: Session,
    metadata: object,
    *,
    overlap: timedelta,
    now: datetime,
) -> Draft:
    """Try a registration and take it back; return what is to be proposed.

    Raises `InvalidMetadataError` for what could not be registered.
    """
    with session.begin_nested() as tried:
        answer = services.relying_parties.add(
            session,
            services.audit,
            metadata,
            sandbox=services.config.sandbox.enabled,
            now=now,
            overlap=overlap,
        )
        tried.rollback()
    client_id, secret = answer["client_id"], answer.get(_SECRET)
    said = metadata if isinstance(metadata, Mapping) else {}
    after = {name: value for name, value in answer.items() if _SECRET not in name}
    version = services.relying_parties.version(session, client_id)
    payload = {
        "client_id": client_id,
        "metadata": {n: v for n, v in said.items() if n != _SECRET}
        | {"client_id": client_id},
        "after": after,
        "version": version,
        "overlap": overlap.total_seconds(),
        "secret_digest": secret
        and services.relying_parties.digest(client_id, secret).hex(),
    }
    return Draft(CHANGE if version else REGISTER, payload, answer)


def _register(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Register what was approved, unless the client has changed meanwhile."""
    del by
    parties, client_id = services.relying_parties, payload["client_id"]
    parties.take_turns(session)
    _require_certificate(services, payload["after"], now)
    if parties.version(session, client_id) != payload["version"]:
        raise StaffChangeError("the registration has changed meanwhile: propose anew")
    digest = payload["secret_digest"]
    response = parties.add(
        session,
        services.audit,
        payload["metadata"],
        sandbox=services.config.sandbox.enabled,
        now=now,
        overlap=timedelta(seconds=payload["overlap"]),
        secret_digest=bytes.fromhex(digest) if digest else None,
    )
    approved = own_registration.approved_of(response)
    registration_tokens.approve(session, client_id, approved)
    return None


def _require_certificate(
    services: Services, registered: Mapping[str, Any], now: datetime
) -> None:
    """Raise where the setting asks for a certificate in force (Decree 69/2024)."""
    config = services.config.registration
    if not config.require_security_certificate:
        return
    stands = security_level.state(registered, warn_days=0, now=now)
    if stands in {"missing", "expired"}:
        raise StaffChangeError(f"certificate of security level 3: {stands}")


def _resume(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Let a suspended portal work again."""
    client_id = payload["client_id"]
    parties = services.relying_parties
    registered = parties.document(session.connection(), client_id)
    _require_certificate(services, registered, now)
    suspension.resume(session, services.audit, client_id, by=by, now=now)
    parties.forget_on_commit(session, client_id)
    return None


def _remove(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Remove a client with its secrets and every permission."""
    del by
    client_id, audit = payload["client_id"], services.audit
    services.relying_parties.remove(session, audit, client_id, now=now)
    ended = grants.end_all_of_client(
        session, audit, client_id, grants.CLIENT_REMOVED, now=now
    )
    return partial(_drop, services, [str(grant_id) for grant_id in ended])


def _drop(services: Services, grant_ids: list[str]) -> None:
    for grant_id in grant_ids:
        services.ephemeral.drop_grant(grant_id)


def _initial_token(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Let the token register clients, its term beginning now (RFC 7591 §3)."""
    del by
    term = timedelta(seconds=services.config.registration.initial_token)
    registration_tokens.keep_initial(
        session,
        services.audit,
        payload["approved"],
        bytes.fromhex(payload["digest"]),
        uses=payload["uses"],
        expires_at=now + term,
        now=now,
    )
    return None


def _own_token(
    services: Services, session: Session, payload: Payload, *, by: str, now: datetime
) -> Afterwards | None:
    """Let the token manage its client, in place of the former one (RFC 7592 §3)."""
    del by
    client_id = payload["client_id"]
    # Raises for a client that was removed meanwhile.
    services.relying_parties.document(session.connection(), client_id)
    digest = bytes.fromhex(payload["digest"])
    registration_tokens.keep(
        session, services.audit, client_id, payload["approved"], digest, now=now
    )
    return None


def _client(payload: Payload) -> str:
    return str(payload["client_id"])


def _uses(payload: Payload) -> str:
    return str(payload["uses"])


KINDS = {
    REGISTER: Kind(ROLES, _register, _client),
    CHANGE: Kind(ROLES, _register, _client),
    RESUME: Kind(ROLES, _resume, _client),
    REMOVE: Kind(ROLES, _remove, _client),
    INITIAL_TOKEN: Kind(ROLES, _initial_token, _uses),
    OWN_TOKEN: Kind(ROLES, _own_token, _client),
}
