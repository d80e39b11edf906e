"""The reading session: what is asked of a card, by which agent, and where it stands.

All of it lives in the ephemeral store, sealed, under random names that are kept as
digests. Four kinds of entry, each used once: the errand of a transaction becomes a
start token (`chip-start`), the token a session (`chip-session` with one `chip-turn`
for each message that is awaited), and its end a return code (`chip-return`) that only
the browser which started can spend.
"""

import hashlib
import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal, Protocol, Self
from uuid import UUID

from idp.config import Config
from idp.factors.throttle import Throttle
from idp.storage.ephemeral import EphemeralStore
from keys.sealing import Sealer

Purpose = Literal["sign_in", "enrol", "recover", "desk"]
START_SECONDS = 60
_CHALLENGE_BYTES = 8  # RND.IFD of active authentication (ICAO 9303-11 §6.1)
_KEY_BYTES = 32


class Services(Protocol):
    """The part of the running provider that reading sessions need."""

    @property
    def config(self) -> Config:
        """Return the configuration."""

    @property
    def ephemeral(self) -> EphemeralStore:
        """Return the ephemeral store."""

    @property
    def sealer(self) -> Sealer:
        """Return the sealer of personal values."""

    @property
    def throttle(self) -> Throttle:
        """Return the counters of tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a card is to be read for, in one transaction of one browser.

    At an officer's desk (`desk`) the transaction is their draft of a dossier, and the
    browser their session.
    `subject` is the name under which tries are counted. `account_id` is None if nobody
    has the number that was typed: then `access` opens no card, and nothing else is
    different. `is_first` says that nobody is signed in by this card yet.
    """

    transaction: str
    browser: str
    purpose: Purpose = "sign_in"
    account_id: UUID | None
    subject: str
    device: str | None = None
    source: str = ""
    access: Mapping[str, str]
    client_id: str = ""
    portal: Mapping[str, str] | None = None
    is_first: bool = False
    read_portrait: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        account = str(self.account_id) if self.account_id else None
        return {**asdict(self), "account_id": account}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the errand that `to_json` described."""
        account = value["account_id"]
        return cls(**{**value, "account_id": UUID(account) if account else None})


@dataclass(frozen=True, slots=True)
class Agent:
    """The program at the reader: the key it signs with and what it can carry."""

    key: bytes
    extended_length: bool
    max_batch: int


@dataclass(frozen=True, slots=True)
class ReadingSession:
    """One agent that reads one card for an errand, until `expires_at`."""

    id: str
    errand: Errand
    agent: Agent
    transaction_key: bytes
    expires_at: float
    counters: tuple[str, ...] = ()

    def challenge(self, server_public_key: bytes) -> bytes:
        """Return what the chip has to sign: unpredictable, and of this session alone.

        Whoever has the transaction's key from the audit log can derive it again.
        """
        parts = (
            self.id.encode(),
            self.errand.client_id.encode(),
            self.agent.key,
            server_public_key,
        )
        # The lengths keep one list of parts from reading like another.
        message = b"".join(len(part).to_bytes(4) + part for part in parts)
        mac = hmac.digest(self.transaction_key, message, hashlib.sha256)
        return mac[:_CHALLENGE_BYTES]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "id": self.id,
            "errand": self.errand.to_json(),
            "agent": {**asdict(self.agent), "key": self.agent.key.hex()},
            "transaction_key": self.transaction_key.hex(),
            "expires_at": self.expires_at,
            "counters": list(self.counters),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the session that `to_json` described."""
        agent = value["agent"]
        return cls(
            id=value["id"],
            errand=Errand.from_json(value["errand"]),
            agent=Agent(**{**agent, "key": bytes.fromhex(agent["key"])}),
            transaction_key=bytes.fromhex(value["transaction_key"]),
            expires_at=value["expires_at"],
            counters=tuple(value["counters"]),
        )


def issue_start(services: Services, errand: Errand) -> str:
    """Return the token that lets one agent begin within a minute."""
    token = secrets.token_urlsafe(32)
    _put(services, _name("chip-start", token), errand.to_json(), ttl=START_SECONDS)
    return token


def take_start(services: Services, token: str) -> Errand | None:
    """Use the token up: of parallel callers exactly one gets its errand."""
    value = _take(services, _name("chip-start", token))
    return None if value is None else Errand.from_json(value)


def open_session(
    services: Services,
    errand: Errand,
    agent: Agent,
    *,
    counters: tuple[str, ...],
    now: datetime,
) -> ReadingSession:
    """Begin to read for this errand; message 0 is awaited.

    `counters` are those of `throttle` in which this try was counted.
    """
    ttl = services.config.lifetimes.chip_session
    session = ReadingSession(
        id=secrets.token_urlsafe(16),
        errand=errand,
        agent=agent,
        transaction_key=secrets.token_bytes(_KEY_BYTES),
        expires_at=now.timestamp() + ttl,
        counters=counters,
    )
    _put(services, _name("chip-session", session.id), session.to_json(), ttl=ttl)
    await_turn(services, session, 0, {}, now=now)
    return session


def find_session(services: Services, session_id: str) -> ReadingSession | None:
    """Return the live session of this id."""
    key = _name("chip-session", session_id)
    value = services.ephemeral.get(key)
    return (
        None if value is None else ReadingSession.from_json(_open(services, key, value))
    )


def await_turn(
    services: Services,
    session: ReadingSession,
    sequence: int,
    state: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Keep where the card's protocol stands until message `sequence` comes."""
    ttl = max(session.expires_at - now.timestamp(), 1)
    _put(services, _turn(session, sequence), state, ttl=ttl)


def take_turn(
    services: Services, session: ReadingSession, sequence: int
) -> dict[str, Any] | None:
    """Use message `sequence` up: of parallel messages exactly one gets the state."""
    return _take(services, _turn(session, sequence))


def close_session(
    services: Services, session: ReadingSession, outcome: Mapping[str, Any]
) -> str:
    """End the session and return the code that brings its outcome to the browser."""
    services.ephemeral.drop(_name("chip-session", session.id))
    code = secrets.token_urlsafe(32)
    _put(
        services,
        _name("chip-return", code),
        {"errand": session.errand.to_json(), "outcome": dict(outcome)},
        ttl=services.config.lifetimes.chip_return,
    )
    return code


def take_return(services: Services, code: str) -> tuple[Errand, dict[str, Any]] | None:
    """Use the return code up, whoever brings it: a stolen one serves nobody."""
    value = _take(services, _name("chip-return", code))
    if value is None:
        return None
    return Errand.from_json(value["errand"]), value["outcome"]


def lay_errand(services: Services, errand: Errand) -> None:
    """Keep what a transaction wants a card read for, until its page is pressed.

    An enrolment is as young as the proof that allowed it.
    """
    key = _name("chip-errand", errand.transaction)
    lifetimes = services.config.lifetimes
    is_enrolment = errand.purpose == "enrol"
    ttl = lifetimes.fresh_factor if is_enrolment else lifetimes.transaction
    _put(services, key, replace(errand, portal=None).to_json(), ttl=ttl)


def find_errand(services: Services, transaction: str) -> Errand | None:
    """Return what this transaction wants a card read for, if it was said."""
    key = _name("chip-errand", transaction)
    value = services.ephemeral.get(key)
    return None if value is None else Errand.from_json(_open(services, key, value))


def drop_errand(services: Services, transaction: str) -> None:
    """Forget the errand: it is done, or another number is to be typed."""
    services.ephemeral.drop(_name("chip-errand", transaction))


def _turn(session: ReadingSession, sequence: int) -> str:
    return _name("chip-turn", f"{session.id}:{sequence}")


def _name(kind: str, value: str) -> str:
    return f"{kind}:{hashlib.sha256(value.encode()).hexdigest()}"


def _put(services: Services, key: str, value: Mapping[str, Any], *, ttl: float) -> None:
    sealed = services.sealer.seal(json.dumps(value).encode(), context=key)
    services.ephemeral.put(key, {"sealed": b64encode(sealed).decode()}, ttl=ttl)


def _take(services: Services, key: str) -> dict[str, Any] | None:
    value = services.ephemeral.take(key)
    return None if value is None else _open(services, key, value)


def _open(services: Services, key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    raw = services.sealer.open(b64decode(value["sealed"]), context=key)
    opened: dict[str, Any] = json.loads(raw)
    return opened
