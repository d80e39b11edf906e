"""The dialogue with a card through an agent: our commands out, its answers in.

The agent understands nothing of it. Secure messaging runs here, so what it passes on is
sealed between the chip and us; what comes back is believed only as far as the verdict
of `idp.emrtd` goes. Nothing here touches the database.
"""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import structlog

from idp import metrics
from idp.emrtd import portrait, reading, verification
from idp.emrtd.errors import EmrtdError
from idp.emrtd.mrz import MrzKey
from idp.emrtd.reading import Evidence, Turn
from idp.factors import chip_evidence, chip_messages, chip_sessions
from idp.factors.chip_evidence import Judge
from idp.factors.chip_messages import ReaderError
from idp.factors.chip_sessions import Agent, Errand, ReadingSession, Services

CANCELLATIONS = ("user", "no_card", "card_removed", "timeout")
MAX_BATCH = 64
_MAX_NAME = 64
_MAX_ATR = 64
_MAX_RESPONSE = 65_538  # 64 KiB of an extended answer, and the status (ISO 7816-4)

log = structlog.get_logger("idp.chip")


def open_reading(
    services: Services, members: Mapping[str, Any], agent_key: bytes, *, now: datetime
) -> ReadingSession:
    """Begin a reading session for the start token that the agent brings."""
    agent = _agent(members, agent_key)
    token = members.get("start_token")
    if not isinstance(token, str) or not token or not token.isascii():
        raise ReaderError("invalid_message", "start_token is missing")
    errand = chip_sessions.take_start(services, token)
    if errand is None:
        raise ReaderError(
            "start_token_spent",
            "the start token was used before, or is older than a minute",
            status=HTTPStatus.GONE,
        )
    counters = _count_try(services, errand)
    return chip_sessions.open_session(
        services, errand, agent, counters=counters, now=now
    )


def follow(
    services: Services,
    session: ReadingSession,
    members: Mapping[str, Any],
    judge: Judge,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Answer one message of an open session: further commands, or where to return."""
    sequence = members.get("seq")
    if isinstance(sequence, bool) or not isinstance(sequence, int):
        raise ReaderError("invalid_message", "seq is a whole number")
    asked = _Message.of(members, sequence)
    state = chip_sessions.take_turn(services, session, sequence)
    if state is None:
        raise ReaderError(
            "out_of_sequence",
            "that message was answered already, or is not due",
            status=HTTPStatus.CONFLICT,
        )
    if asked.cancelled:
        return _done(services, session, {"cancelled": asked.cancelled})
    try:
        turn = _next(session, asked, state)
    except EmrtdError as refused:
        return _refused(services, session, refused, is_judged=False)
    if turn.evidence is None:
        awaited = {"state": turn.state, "commands": len(turn.commands)}
        chip_sessions.await_turn(services, session, sequence + 1, awaited, now=now)
        commands = [command.hex().upper() for command in turn.commands]
        return {"seq": sequence + 1, "apdus": commands}
    try:
        with metrics.proof("chip"):
            outcome = _believe(services, session, turn.evidence, judge, now)
    except EmrtdError as refused:
        return _refused(services, session, refused, is_judged=True)
    return _done(services, session, outcome)


@dataclass(frozen=True, slots=True)
class _Message:
    atr: bytes = b""
    responses: tuple[bytes, ...] = ()
    cancelled: str = ""

    @classmethod
    def of(cls, members: Mapping[str, Any], sequence: int) -> "_Message":
        """Read a message's one content; its form is settled before a turn is used."""
        found = {"atr", "rapdus", "cancelled"} & members.keys()
        if found == {"cancelled"}:
            if members["cancelled"] not in CANCELLATIONS:
                raise ReaderError("invalid_message", "cancelled has no known reason")
            return cls(cancelled=members["cancelled"])
        if found != ({"atr"} if sequence == 0 else {"rapdus"}):
            raise ReaderError(
                "invalid_message", "atr with seq 0, rapdus with a later one, no more"
            )
        if sequence == 0:
            return cls(atr=chip_messages.hex_bytes(members["atr"], at_most=_MAX_ATR))
        sent = members["rapdus"]
        if not isinstance(sent, list) or not 0 < len(sent) <= MAX_BATCH:
            raise ReaderError("invalid_message", "rapdus is a list of answers")
        return cls(
            responses=tuple(
                chip_messages.hex_bytes(item, at_most=_MAX_RESPONSE) for item in sent
            )
        )


def _next(session: ReadingSession, asked: _Message, state: Mapping[str, Any]) -> Turn:
    if "state" not in state:
        plan = reading.Plan(
            access=(MrzKey(**session.errand.access),),
            read_portrait=session.errand.read_portrait,
            extended_length=session.agent.extended_length,
            max_batch=session.agent.max_batch,
        )
        return reading.begin(plan, atr=asked.atr, challenge=session.challenge)
    if len(asked.responses) != state["commands"]:
        raise EmrtdError("malformed", "not one answer to each command")
    return reading.advance(state["state"], asked.responses, challenge=session.challenge)


def _believe(
    services: Services,
    session: ReadingSession,
    evidence: Evidence,
    judge: Judge,
    now: datetime,
) -> dict[str, Any]:
    """Return the outcome of a card that is believed; raises `EmrtdError`."""
    _check_challenge(session, evidence)
    verdict = verification.judge(
        evidence,
        judge.trust,
        now=now,
        country=judge.country,
        allow_sha1=judge.allow_sha1,
    )
    throttle = services.config.throttle
    counter = f"tries:chip:card:{verdict.key_digest.hex()}"
    tries = services.ephemeral.count(counter, ttl=throttle.window)
    if tries > throttle.chips_per_account:
        raise EmrtdError("too_many", "this card was tried too often")
    image = None
    if session.errand.read_portrait and 2 in evidence.files:
        found = portrait.extract(evidence.files[2])
        image = [found.format, b64encode(found.image).decode()]
    card = chip_evidence.read_card(verdict, evidence, session)
    is_desk = session.errand.purpose == "desk"
    log.info("chip_read", purpose=session.errand.purpose, checks=list(card.checks))
    return {
        "card": card.to_json(),
        "portrait": image,
        "holder": asdict(verdict.holder) if is_desk else None,
        "counters": list(session.counters),
    }


def _check_challenge(session: ReadingSession, evidence: Evidence) -> None:
    """Hold the signature to the challenge of this session and this key agreement."""
    if evidence.active_authentication is None:
        return
    own = evidence.chip_authentication
    expected = session.challenge(own.public_key if own else b"")
    if not hmac.compare_digest(expected, evidence.active_authentication[0]):
        raise EmrtdError("aa_failed", "the challenge is not this session's")


def _agent(members: Mapping[str, Any], key: bytes) -> Agent:
    about = members.get("agent")
    parts = about if isinstance(about, dict) else {}
    names = [parts.get("name"), parts.get("version")]
    if not all(isinstance(name, str) and 0 < len(name) <= _MAX_NAME for name in names):
        raise ReaderError("invalid_message", "agent has a name and a version")
    extended, batch = members.get("extended_length"), members.get("max_batch")
    if not isinstance(extended, bool):
        raise ReaderError("invalid_message", "extended_length is true or false")
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise ReaderError("invalid_message", "max_batch is a number from 1")
    return Agent(key, extended, min(batch, MAX_BATCH))


def tries_left(services: Services, transaction: str) -> int:
    """Return how many sessions this transaction may still open."""
    tried = services.ephemeral.count(_by_transaction(transaction), ttl=1, by=0)
    return max(services.config.throttle.chips_per_transaction - tried, 0)


def _by_transaction(transaction: str) -> str:
    return f"tries:chip:transaction:{transaction}"


def _count_try(services: Services, errand: Errand) -> tuple[str, ...]:
    """Count this session against its transaction and its account; 429 beyond."""
    counter = _by_transaction(errand.transaction)
    ttl = services.config.lifetimes.transaction
    limit = services.config.throttle.chips_per_transaction
    if services.ephemeral.count(counter, ttl=ttl) > limit:
        raise _too_many(ttl)
    admission = services.throttle.admit(
        "chip", subject=errand.subject, source=errand.source, device=errand.device
    )
    if not admission.allowed:
        raise _too_many(admission.retry_after)
    return admission.counters


def _too_many(wait: int) -> ReaderError:
    return ReaderError(
        "too_many",
        "too many readings; go back to the sign-in",
        status=HTTPStatus.TOO_MANY_REQUESTS,
        retry_after=wait,
    )


def _refused(
    services: Services,
    session: ReadingSession,
    error: EmrtdError,
    *,
    is_judged: bool,
) -> dict[str, Any]:
    log.info(
        "chip_refused",
        purpose=session.errand.purpose,
        reason=error.reason,
        detail=error.detail,
    )
    outcome = {"reason": error.reason, "is_judged": is_judged}
    return _done(services, session, outcome)


def _done(
    services: Services, session: ReadingSession, outcome: Mapping[str, Any]
) -> dict[str, Any]:
    code = chip_sessions.close_session(services, session, outcome)
    # Officers' cookies are sent below /staff alone.
    path = "/staff/desk/return" if session.errand.purpose == "desk" else "/chip/return"
    address = f"{services.config.issuer}{path}?code={code}"
    return {"done": True, "return_url": address}
