"""Look-ups of relying parties from memory, and their registration.

Every request asks for its client, several times; an answer is kept for a few seconds,
so that a removed client stops within that time on every worker, and parsed keys are
kept as long as the record stays the same.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp import clock
from idp.audit.log import AuditLog
from idp.config import OutboundConfig, RegistrationConfig
from idp.relying_parties import registration, sector_identifier
from idp.relying_parties.errors import UnknownClientError
from idp.relying_parties.models import ClientSecret, RelyingPartyRecord
from idp.relying_parties.record import RelyingParty
from idp.relying_parties.remote import Remote
from idp.relying_parties.stored import build_party
from idp.storage.database import Database

_KEPT_KNOWN = 5000
_KEPT_UNKNOWN = 1000
_NO_DIGEST = bytes(32)

_PARTIES = cast("sa.Table", RelyingPartyRecord.__table__)
_SECRETS = cast("sa.Table", ClientSecret.__table__)
_LIVE = _PARTIES.c.removed_at.is_(None)
_FIND = (
    sa.select(
        _PARTIES.c.document,
        _PARTIES.c.policy,
        _PARTIES.c.updated_at,
        _PARTIES.c.suspended_at,
        _SECRETS.c.digest,
        _SECRETS.c.expires_at,
    )
    .select_from(_PARTIES.outerjoin(_SECRETS))
    .where(_PARTIES.c.client_id == sa.bindparam("client_id"), _LIVE)
)
_LIST = sa.select(_PARTIES).where(_LIVE).order_by(_PARTIES.c.client_id)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is remembered of one client id; `party` is None for an unknown one."""

    loaded_at: float
    party: RelyingParty | None = None
    updated_at: datetime | None = None
    fresh_until: datetime | None = None
    secrets: tuple[tuple[bytes, datetime | None], ...] = ()
    is_suspended: bool = False

    def is_same(self, updated_at: datetime, now: datetime) -> bool:
        """Say whether the record did not change and no replaced key ran out."""
        has_all_keys = self.fresh_until is None or self.fresh_until > now
        return has_all_keys and self.updated_at == updated_at


class RelyingParties:
    """The registered relying parties, as the process remembers them."""

    def __init__(  # noqa: PLR0913 - the stores, then how they are remembered
        self,
        database: Database,
        secret_key: bytes,
        *,
        sandbox: bool = False,
        max_age: float = 5.0,
        now: Callable[[], datetime] = clock.now,
        remote: Remote | None = None,
    ) -> None:
        self._database = database
        self._secret_key = secret_key
        self._sandbox = sandbox
        self._max_age = max_age
        self._now = now
        # Without a word of the operator nothing is fetched.
        self._remote = remote or Remote(OutboundConfig(), RegistrationConfig())
        self._known: OrderedDict[str, _Entry] = OrderedDict()
        self._unknown: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = Lock()

    def find(self, client_id: str) -> RelyingParty | None:
        """Return the registered relying party at work, or None."""
        entry = self._entry(client_id)
        return None if entry.is_suspended else entry.party

    def is_suspended(self, client_id: str) -> bool:
        """Say whether the client is registered, but officers have suspended it."""
        return self._entry(client_id).is_suspended

    def check_secret(self, client_id: str, secret: str) -> bool:
        """Say whether `secret` is a live secret of the client, in constant time."""
        entry, now = self._entry(client_id), self._now()
        given = self.digest(client_id, secret)
        is_right = hmac.compare_digest(given, _NO_DIGEST)
        for digest, expires_at in entry.secrets:
            is_live = expires_at is None or expires_at > now
            is_right |= hmac.compare_digest(given, digest) and is_live
        return is_right and entry.party is not None and not entry.is_suspended

    def all(self, connection: Connection) -> list[RelyingParty]:
        """Return every registered relying party, by identifier."""
        now = self._now()
        return [
            build_party(
                row.client_id, row.document, row.policy, sandbox=self._sandbox, now=now
            )
            for row in connection.execute(_LIST)
        ]

    def documents(self, connection: Connection) -> list[dict[str, Any]]:
        """Return what is registered of every client, without secrets."""
        return [registration.describe(row) for row in connection.execute(_LIST)]

    def document(self, connection: Connection, client_id: str) -> dict[str, Any]:
        """Return what is registered of one client; raises UnknownClientError."""
        query = _LIST.where(_PARTIES.c.client_id == client_id)
        row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownClientError(f"no client {client_id!r} is registered")
        return registration.describe(row)

    def confirm(self, metadata: object) -> None:
        """Ask the portal's own address what only that can tell, before any lock."""
        sector_identifier.confirm(metadata, self._remote)

    def version(self, session: Session, client_id: str) -> str | None:
        """Return what changes with the record, or None where no client is."""
        query = sa.select(_PARTIES.c.updated_at)
        query = query.where(_PARTIES.c.client_id == client_id, _LIVE)
        found: datetime | None = session.execute(query).scalar_one_or_none()
        return found.isoformat() if found else None

    def take_turns(self, session: Session) -> None:
        """Let no other registration change until the end of this transaction."""
        registration.take_turns(session)

    def add(  # noqa: PLR0913 - the stores, then the registration
        self,
        session: Session,
        audit: AuditLog,
        metadata: object,
        *,
        sandbox: bool,
        now: datetime,
        overlap: timedelta = registration.OVERLAP,
        secret_digest: bytes | None = None,
    ) -> dict[str, Any]:
        """Register or replace a client; return the RFC 7591 §3.2.1 response."""
        response = registration.register(
            session,
            audit,
            metadata,
            digest=self.digest,
            terms=registration.Terms(sandbox, now, overlap, secret_digest),
        )
        self.forget_on_commit(session, response["client_id"])
        return response

    def remove(
        self, session: Session, audit: AuditLog, client_id: str, *, now: datetime
    ) -> None:
        """Remove a client and its secrets; raises UnknownClientError."""
        registration.remove(session, audit, client_id, now=now)
        self.forget_on_commit(session, client_id)

    def _entry(self, client_id: str) -> _Entry:
        for remembered in (self._known, self._unknown):
            entry = remembered.get(client_id)
            if entry and monotonic() - entry.loaded_at < self._max_age:
                return entry
        return self._load(client_id)

    def _load(self, client_id: str) -> _Entry:
        loaded_at, now = monotonic(), self._now()
        if not registration.CLIENT_ID.fullmatch(client_id):
            return _Entry(loaded_at)
        with self._database.read() as connection:
            rows = connection.execute(_FIND, {"client_id": client_id}).all()
        if not rows:
            entry = _Entry(loaded_at)
        else:
            party, fresh_until = self._party(client_id, rows[0], now)
            entry = _Entry(
                loaded_at=loaded_at,
                party=party,
                updated_at=rows[0].updated_at,
                fresh_until=fresh_until,
                secrets=tuple((r.digest, r.expires_at) for r in rows if r.digest),
                is_suspended=rows[0].suspended_at is not None,
            )
        self._remember(client_id, entry)
        return entry

    def _party(
        self, client_id: str, row: Any, now: datetime
    ) -> tuple[RelyingParty, datetime | None]:
        """Return the party, parsed anew only when it changed or a key ran out."""
        before = self._known.get(client_id)
        if before and before.party and before.is_same(row.updated_at, now):
            return before.party, before.fresh_until
        party = build_party(
            client_id,
            row.document,
            row.policy,
            sandbox=self._sandbox,
            now=now,
            remote=self._remote,
        )
        ends = [item["until"] for item in row.policy.get("retiring_jwks", ())]
        later = [end for end in ends if end > now.timestamp()]
        return party, clock.from_timestamp(min(later)) if later else None

    def _remember(self, client_id: str, entry: _Entry) -> None:
        place, limit, other = (self._known, _KEPT_KNOWN, self._unknown)
        if entry.party is None:
            place, limit, other = (self._unknown, _KEPT_UNKNOWN, self._known)
        with self._lock:
            other.pop(client_id, None)
            place[client_id] = entry
            place.move_to_end(client_id)
            while len(place) > limit:
                place.popitem(last=False)

    def forget_on_commit(self, session: Session, client_id: str) -> None:
        """Look a client up anew once what this transaction changed of it stands."""

        def forget(_session: Session) -> None:
            with self._lock:
                self._known.pop(client_id, None)
                self._unknown.pop(client_id, None)

        sa.event.listen(session, "after_commit", forget, once=True)

    def digest(self, client_id: str, secret: str) -> bytes:
        """Return what is kept of a client's secret."""
        # The length keeps the pair apart; surrogates of bad input must not raise.
        message = f"{len(client_id)}:{client_id}:{secret}".encode(errors="replace")
        return hmac.new(self._secret_key, message, sha256).digest()
