"""Registering, replacing and removing relying parties (RFC 7591, RFC 7592's manner).

What is replaced overlaps: earlier keys and secrets stay valid for a while, so that a
portal of many servers can change over. A replacement that leaves a protection out does
not switch it off, and the sector, from which pairwise subjects come, never changes.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp import clock
from idp.audit.events import ClientRegistered, ClientRemoved, ClientReplaced
from idp.audit.log import AuditLog
from idp.relying_parties import messages, registration_tokens, security_level
from idp.relying_parties.client_keys import retire_keys
from idp.relying_parties.errors import InvalidMetadataError, UnknownClientError
from idp.relying_parties.metadata import validate
from idp.relying_parties.models import ClientSecret, RelyingPartyRecord
from idp.relying_parties.sender import BOUND

OVERLAP = timedelta(hours=24)
Digest = Callable[[str, str], bytes]

CLIENT_ID = re.compile(r"[!-~]{1,255}")
_SECRET = re.compile(r"[!-~]{32,512}")
_SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
_PROTECTIONS = (
    "profile",
    "require_nonce",
    "default_max_age",
    "default_acr_values",
    "minimum_acr",
    "allowed_resources",
    "sector",
    security_level.MEMBER,
    "require_pushed_authorization_requests",
    *BOUND,
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "userinfo_signed_response_alg",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    *messages.PROTECTIONS,
)


@dataclass(frozen=True, slots=True)
class Terms:
    """When and how a registration happens.

    `secret_digest` is of a secret that whoever proposed the registration has already.
    """

    sandbox: bool
    now: datetime
    overlap: timedelta = OVERLAP
    secret_digest: bytes | None = None

    @property
    def until(self) -> datetime:
        """Return how long what is replaced stays valid."""
        return self.now + self.overlap


def take_turns(session: Session) -> None:
    """Let no other registration change until the end of this transaction.

    What a client may have depends on what others have: parallel ones with the same
    sector or name would not see each other (CWE-367).
    """
    # SQLite has taken its one write lock with BEGIN IMMEDIATE already.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            sa.text("LOCK TABLE relying_parties IN SHARE ROW EXCLUSIVE MODE")
        )


def register(
    session: Session,
    audit: AuditLog,
    metadata: object,
    *,
    digest: Digest,
    terms: Terms,
) -> dict[str, Any]:
    """Register a client, or replace the one of the same explicit `client_id`."""
    client_id, now = _client_id(metadata), terms.now
    take_turns(session)
    record = session.get(RelyingPartyRecord, client_id, with_for_update=True)
    # A removed client comes back as a new one: nothing of before is valid again.
    before = record if record is not None and record.removed_at is None else None
    if before is not None and isinstance(metadata, dict):
        metadata = {**_kept_protections(before), **metadata}
    document, policy = validate(metadata, sandbox=terms.sandbox)
    if before is not None:
        if policy["sector"] != before.policy["sector"]:
            raise InvalidMetadataError(
                "sector: it cannot change, subjects depend on it"
            )
        policy["retiring_jwks"] = retire_keys(
            before.document.get("jwks"),
            document.get("jwks"),
            before.policy.get("retiring_jwks", ()),
            now=now,
            until=terms.until,
        )
    if record is None:
        record = RelyingPartyRecord(client_id=client_id, created_at=now)
        session.add(record)
    elif before is None:
        record.created_at = now
        record.suspended_at = record.suspension = None
    record.document, record.policy = document, policy
    record.updated_at, record.removed_at = now, None
    session.flush()
    given = _given_secret(metadata, document)
    secret = _keep_secret(session, record, given, digest=digest, terms=terms)
    event = ClientReplaced if before is not None else ClientRegistered
    audit.record(session, event(client_id), now=now)
    return _response(record, secret)


def remove(session: Session, audit: AuditLog, client_id: str, *, now: datetime) -> None:
    """Remove a client with its secrets; raises UnknownClientError."""
    take_turns(session)
    record = session.get(RelyingPartyRecord, client_id, with_for_update=True)
    if record is None or record.removed_at is not None:
        raise UnknownClientError(f"no client {client_id!r} is registered")
    record.removed_at = record.updated_at = now
    session.execute(sa.delete(ClientSecret).where(ClientSecret.client_id == client_id))
    registration_tokens.end(session, client_id)
    audit.record(session, ClientRemoved(client_id), now=now)


def describe(record: RelyingPartyRecord | sa.Row[Any]) -> dict[str, Any]:
    """Return what is registered, without secrets."""
    policy = {
        key: record.policy[key] for key in record.policy if key != "retiring_jwks"
    }
    return {
        "client_id": record.client_id,
        "client_id_issued_at": clock.timestamp(record.created_at),
        **record.document,
        **policy,
    }


def _response(record: RelyingPartyRecord, secret: str | None) -> dict[str, Any]:
    answer = describe(record)
    if secret is not None:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer


def _client_id(metadata: object) -> str:
    given = metadata.get("client_id") if isinstance(metadata, dict) else None
    if given is None:
        return secrets.token_urlsafe(18)
    if not isinstance(given, str) or not CLIENT_ID.fullmatch(given):
        raise InvalidMetadataError(
            "client_id must be 1 to 255 visible ASCII characters"
        )
    return given


def _given_secret(metadata: object, document: Mapping[str, Any]) -> str | None:
    given = metadata.get("client_secret") if isinstance(metadata, dict) else None
    if given is None:
        return None
    if document["token_endpoint_auth_method"] not in _SECRET_METHODS:
        raise InvalidMetadataError(
            "client_secret does not go with this token_endpoint_auth_method"
        )
    if not isinstance(given, str) or not _SECRET.fullmatch(given):
        raise InvalidMetadataError(
            "client_secret must be 32 to 512 visible ASCII characters"
        )
    return given


def _kept_protections(record: RelyingPartyRecord) -> dict[str, Any]:
    registered = {**record.document, **record.policy}
    kept = {name: registered.get(name) for name in _PROTECTIONS}
    # A default_max_age of 0 is the strictest.
    return {n: v for n, v in kept.items() if v is not None and v is not False}


def _keep_secret(
    session: Session,
    record: RelyingPartyRecord,
    given: str | None,
    *,
    digest: Digest,
    terms: Terms,
) -> str | None:
    """Keep the given secret, or make one where none is; earlier ones run out."""
    kept = list(
        session.scalars(
            sa.select(ClientSecret).where(ClientSecret.client_id == record.client_id)
        )
    )
    if record.document["token_endpoint_auth_method"] not in _SECRET_METHODS:
        for earlier in kept:
            session.delete(earlier)
        return None
    has_live = any(item.expires_at is None for item in kept)
    told = terms.secret_digest
    if given is None and told is None and has_live:
        return None  # the registered secret stays; it cannot be told again
    secret = given or secrets.token_urlsafe(32)
    fingerprint, is_known = told or digest(record.client_id, secret), False
    for earlier in kept:
        if compare_digest(earlier.digest, fingerprint):
            earlier.expires_at, is_known = None, True
        elif earlier.expires_at is None or earlier.expires_at > terms.until:
            earlier.expires_at = terms.until
        if earlier.expires_at is not None and earlier.expires_at <= terms.now:
            session.delete(earlier)
    if not is_known:
        session.add(
            ClientSecret(
                client_id=record.client_id, digest=fingerprint, created_at=terms.now
            )
        )
    return None if told else secret
