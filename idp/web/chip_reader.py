"""What reader agents say to us: three messages as JSON, in JWS bodies, no cookies.

docs/chip-reader.md describes them one by one. No browser is involved: the session
that an agent holds here ends in a code, and only the browser that started can use it.
"""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from idp import clock
from idp.errors import BusyError
from idp.factors import chip_messages, chip_reading, chip_sessions, chip_trust
from idp.factors.chip_evidence import Judge
from idp.factors.chip_messages import ReaderError
from idp.provider import Provider, current

blueprint = Blueprint("chip_reader", __name__)

TYPE = "application/jose"
_MAX_SESSION_ID = 64


@blueprint.post("/chip/sessions")
def begin() -> ResponseReturnValue:
    """Open a reading session for a start token."""
    provider, now = current(), clock.now()
    message = chip_messages.read(_body())
    key = message.agent_key()
    members = message.verify(key, audience=provider.config.issuer, now=now)
    session = chip_reading.open_reading(provider, members, key, now=now)
    portrait = ["portrait"] if session.errand.read_portrait else []
    answer = {
        "session": session.id,
        "portal": session.errand.portal,
        "reads": ["identity", *portrait],
        "expires_in": provider.config.lifetimes.chip_session,
    }
    return _json(answer, HTTPStatus.CREATED)


@blueprint.post("/chip/sessions/<session_id>")
def follow(session_id: str) -> ResponseReturnValue:
    """Take the card's answers and say what to ask it next."""
    provider, now = current(), clock.now()
    message = chip_messages.read(_body())
    session = chip_sessions.find_session(provider, session_id[:_MAX_SESSION_ID])
    if session is None:
        raise ReaderError(
            "unknown_session",
            "the session is unknown, over or expired",
            status=HTTPStatus.NOT_FOUND,
        )
    if "jwk" in message.header:
        raise ReaderError("invalid_message", "only the first message carries a jwk")
    members = message.verify(
        session.agent.key, audience=provider.config.issuer, now=now
    )
    judge = _judge(provider)
    return _json(chip_reading.follow(provider, session, members, judge, now=now))


@blueprint.route("/chip/sessions", methods=("GET", "PUT", "PATCH", "DELETE"))
@blueprint.route("/chip/sessions/<path:_>", methods=("GET", "PUT", "PATCH", "DELETE"))
def only_post(_: str = "") -> ResponseReturnValue:
    """Tell a program, in its own language, that messages are posted."""
    body = _error("method_not_allowed", "messages are sent by POST")
    return _json(body, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "POST"})


@blueprint.errorhandler(ReaderError)
def refuse(error: ReaderError) -> ResponseReturnValue:
    """Answer a message that cannot be followed."""
    wait = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return _json(_error(error.slug, error.description), error.status, wait)


@blueprint.errorhandler(BusyError)
def busy(error: BusyError) -> ResponseReturnValue:
    """Ask for a little patience."""
    body = _error("busy", "try again in a few seconds")
    return _json(body, error.status, {"Retry-After": str(error.retry_after)})


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
    """Refuse a body beyond the limit."""
    body = _error("too_large", "the message is too large: send smaller batches")
    return _json(body, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _body() -> bytes:
    if request.mimetype != TYPE:
        raise ReaderError("invalid_message", f"the Content-Type is {TYPE}")
    return request.get_data(cache=False)


def _judge(provider: Provider) -> Judge:
    chip = provider.config.chip
    trust = chip_trust.load(provider.database, chip.issuer_country)
    return Judge(trust, chip.issuer_country, chip.allow_sha1)


def _error(slug: str, description: str) -> dict[str, str]:
    return {"error": slug, "error_description": description}


def _json(
    body: dict[str, Any],
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers.update(headers or {})
    return response
