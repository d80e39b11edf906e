"""The browser's sign-in: who, since when, proven how, and which portals it reached.

A session keeps authentication events; levels, `acr` and `amr` are computed from them
(`authentication.assurance`) and never stored. Its cookie value changes at each proof
while its id stays. `session_changes` writes what is read here.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from idp.accounts.models import Account, Lock
from idp.accounts.representation import needs_confirmation
from idp.authentication import browser
from idp.authentication.models import SessionRecord
from idp.config import LifetimesConfig
from idp.factors.models import Credential
from idp.factors.results import VerifiedFactor
from idp.storage.database import UtcDateTime
from idp.storage.prepared import Place, Prepared
from keys.sealing import Sealer

TOUCH_AFTER = timedelta(seconds=60)
PASSWORD = "pwd"  # noqa: S105 - a method's name (RFC 8176 §2)


@dataclass(frozen=True, slots=True)
class AuthenticationEvent:
    """One factor proven at one time; methods and flags are of `factors.results`."""

    method: str
    at: datetime
    flags: tuple[str, ...] = ()

    @classmethod
    def of(cls, factor: VerifiedFactor) -> Self:
        """Return what a session keeps of a factor that was just proven."""
        return cls(factor.method, factor.at, factor.flags)


@dataclass(frozen=True, slots=True)
class Session:
    """A live sign-in of one browser; `at_counter` is a shared computer's."""

    id: UUID
    account_id: UUID
    events: tuple[AuthenticationEvent, ...]
    client_ids: tuple[str, ...]
    started_at: datetime
    last_seen_at: datetime
    confirmed_by: UUID | None = None
    at_counter: bool = False


@dataclass(frozen=True, slots=True)
class SignInAccount:
    """What the decision to sign in needs to know of an account.

    `factors` are what it could prove now: `pwd`, `totp`, `sms`, `chip`, `passkey` and
    `security_key` (a passkey that shows presence only). `held` are kinds that are held
    back for now: they prove nothing, yet nothing is easier for that. A ward signs in
    with a representative's confirmation (Decree 69/2024 art. 14.2). One who restricted
    the processing signs in to no portal.
    """

    id: UUID
    level: int
    state: str
    locks: tuple[str, ...]
    factors: frozenset[str]
    held: frozenset[str] = frozenset()
    is_ward: bool = False
    is_restricted: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session with its account, as of now."""

    session: Session
    account: SignInAccount


@dataclass(frozen=True, slots=True)
class SessionView:
    """A live session for the citizen's own page, with where it comes from."""

    session: Session
    origin: dict[str, Any]


_COMMA: Any = sa.literal_column("','")
_LOCKS = (
    sa.select(sa.func.aggregate_strings(Lock.ground, _COMMA))
    .where(Lock.account_id == Account.id, Lock.lifted_at.is_(None))
    .correlate(Account)
    .scalar_subquery()
)
_HELD = "held:"
_KIND = sa.case(
    (
        Credential.usable_from > sa.bindparam("now", type_=UtcDateTime()),
        sa.literal_column(f"'{_HELD}'") + Credential.kind,
    ),
    else_=Credential.kind,
)
_FACTORS = (
    sa.select(sa.func.aggregate_strings(_KIND, _COMMA))
    .where(Credential.account_id == Account.id, Credential.retired_at.is_(None))
    .correlate(Account)
    .scalar_subquery()
)
_SESSION = (
    SessionRecord.id,
    SessionRecord.account_id,
    SessionRecord.events,
    SessionRecord.client_ids,
    SessionRecord.at_counter,
    SessionRecord.started_at,
    SessionRecord.last_seen_at,
    SessionRecord.confirmed_by,
)
_FIND = Prepared(
    sa.select(
        *_SESSION,
        Account.level,
        Account.state,
        Account.password_hash.is_not(None).label("has_password"),
        _LOCKS.label("locks"),
        _FACTORS.label("factors"),
        needs_confirmation(Account.id).correlate(Account).label("is_ward"),
        Account.restricted_at.is_not(None).label("is_restricted"),
    )
    .join(Account, Account.id == SessionRecord.account_id)
    .where(
        SessionRecord.token_digest == sa.bindparam("digest"),
        SessionRecord.ended_at.is_(None),
    )
)


def find(
    place: Place,
    token: str | None,
    *,
    now: datetime,
    lifetimes: LifetimesConfig,
) -> SignedIn | None:
    """Return the live session of this cookie value with its account, or None."""
    if not token:
        return None
    row = _FIND.find(place, {"digest": browser.digest(token), "now": now})
    if row is None or not _is_live(row, now, lifetimes):
        return None
    kinds = row.factors.split(",") if row.factors else []
    held = {kind.removeprefix(_HELD) for kind in kinds if kind.startswith(_HELD)}
    factors = {kind for kind in kinds if not kind.startswith(_HELD)}
    account = SignInAccount(
        id=row.account_id,
        level=row.level,
        state=row.state,
        locks=tuple(sorted(set(row.locks.split(",")))) if row.locks else (),
        factors=frozenset(factors | ({PASSWORD} if row.has_password else set())),
        held=frozenset(held),
        is_ward=bool(row.is_ward),
        is_restricted=bool(row.is_restricted),
    )
    return SignedIn(_session(row), account)


def list_for(
    connection: Connection,
    sealer: Sealer,
    account_id: UUID,
    *,
    now: datetime,
    lifetimes: LifetimesConfig,
) -> list[SessionView]:
    """Return the account's live sessions, the last seen first."""
    rows = connection.execute(
        sa.select(*_SESSION, SessionRecord.origin_sealed)
        .where(SessionRecord.account_id == account_id, SessionRecord.ended_at.is_(None))
        .order_by(SessionRecord.last_seen_at.desc())
    )
    return [
        SessionView(
            _session(row),
            json.loads(sealer.open(row.origin_sealed, context=origin_context(row.id))),
        )
        for row in rows
        if _is_live(row, now, lifetimes)
    ]


def list_where(
    connection: Connection,
    condition: sa.ColumnElement[bool],
    *,
    now: datetime,
    lifetimes: LifetimesConfig,
) -> list[Session]:
    """Return the live sessions of a condition, whosever they are."""
    open_ = SessionRecord.ended_at.is_(None)
    rows = connection.execute(sa.select(*_SESSION).where(condition, open_))
    return [_session(row) for row in rows if _is_live(row, now, lifetimes)]


def needs_touch(session: Session, *, now: datetime) -> bool:
    """Say whether the session's last sight is old enough to be written again."""
    return now - session.last_seen_at >= TOUCH_AFTER


def sid(secret: bytes, session_id: UUID, sector: str) -> str:
    """Return the session's name in one sector, so that it links no two portals."""
    mac = hmac.new(secret, session_id.bytes + sector.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()[:24]).decode()


def _is_live(row: Any, now: datetime, lifetimes: LifetimesConfig) -> bool:
    idle = now - row.last_seen_at
    age = now - row.started_at
    longest = (lifetimes.session_idle, lifetimes.session_max)
    if row.at_counter:
        longest = (lifetimes.counter_idle, lifetimes.counter_max)
    return bool(
        idle < timedelta(seconds=longest[0]) and age < timedelta(seconds=longest[1])
    )


def _session(row: Any) -> Session:
    return Session(
        id=row.id,
        account_id=row.account_id,
        events=tuple(
            AuthenticationEvent(
                item["method"],
                datetime.fromisoformat(item["at"]),
                tuple(item.get("flags", ())),
            )
            for item in row.events
        ),
        client_ids=tuple(row.client_ids),
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        at_counter=row.at_counter,
        confirmed_by=row.confirmed_by,
    )


def origin_context(session_id: UUID) -> str:
    """Return the sealing context of the session's origin."""
    return f"session-origin:{session_id}"
