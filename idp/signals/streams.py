"""What a portal asks of its one stream (Shared Signals Framework 1.0 §8.1.1)."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as DatabaseSession

from idp.config import Config
from idp.errors import IdpError
from idp.relying_parties.hosts import is_inside
from idp.relying_parties.redirects import flaw
from idp.signals import kinds
from idp.signals.models import SignalNotice, SignalStream
from keys.sealing import Sealer

PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"
STATUSES = ("enabled", "paused", "disabled")
_LONGEST_HEADER, _LONGEST_TEXT, _MOST_EVENTS = 1024, 300, 50


class InvalidStreamError(IdpError):
    """What is asked of a stream cannot be given; the description says why."""

    code = "DD-SIG-001"


class StreamExistsError(IdpError):
    """The portal has its stream already (SSF 1.0 §8.1.1.1)."""

    code = "DD-SIG-409"
    status = HTTPStatus.CONFLICT


def new(client_id: str, *, now: datetime) -> SignalStream:
    """Return a stream of a portal that tells nothing yet."""
    return SignalStream(
        client_id=client_id, id=uuid4(), events=[], status="enabled", created_at=now
    )


def add(database: DatabaseSession, stream: SignalStream) -> None:
    """Keep a new stream, or raise `StreamExistsError`; of two at once one wins."""
    try:
        with database.begin_nested():
            database.add(stream)
    except IntegrityError:
        raise StreamExistsError("this client has its stream") from None


def change(
    stream: SignalStream,
    asked: Mapping[str, Any],
    sealer: Sealer,
    *,
    is_whole: bool,
    sandbox: bool,
) -> None:
    """Take over what a portal asks; left-out members stay unless it is the whole."""
    if "delivery" in asked or is_whole:
        _deliver_by(stream, asked.get("delivery", {"method": POLL}), sealer)
        host = urlsplit(stream.endpoint_url or "").hostname
        if host and not sandbox and is_inside(host):
            raise InvalidStreamError(
                "delivery: endpoint_url leads to an inside network"
            )
    if "events_requested" in asked or is_whole:
        wanted = asked.get("events_requested", [])
        if not isinstance(wanted, list) or len(wanted) > _MOST_EVENTS:
            raise InvalidStreamError("events_requested must be a short list")
        stream.events = [kind for kind in kinds.SUPPORTED if kind in wanted]
    if "description" in asked or is_whole:
        text = asked.get("description")
        if text is not None and not (isinstance(text, str) and _is_short(text)):
            raise InvalidStreamError("description must be a short text")
        stream.description = text


def _is_short(text: str) -> bool:
    # What does not print cannot be kept either: NUL, half a surrogate pair.
    return len(text) <= _LONGEST_TEXT and text.isprintable()


def _deliver_by(stream: SignalStream, delivery: object, sealer: Sealer) -> None:
    if not isinstance(delivery, Mapping):
        raise InvalidStreamError("delivery must be an object")
    method = delivery.get("method")
    if method == POLL:
        stream.endpoint_url = stream.authorization_sealed = None
        return
    if method != PUSH:
        raise InvalidStreamError(f"delivery: method must be {PUSH} or {POLL}")
    url, header = delivery.get("endpoint_url"), delivery.get("authorization_header")
    if reason := flaw(url, native=False):
        raise InvalidStreamError(f"delivery: endpoint_url {reason}")
    is_header = isinstance(header, str) and header.isascii() and header.isprintable()
    if header is not None and not (is_header and 0 < len(header) <= _LONGEST_HEADER):
        raise InvalidStreamError("delivery: authorization_header is none")
    stream.endpoint_url = str(url)
    stream.authorization_sealed = header and sealer.seal(
        header.encode(), context=_context(stream)
    )


def open_authorization(sealer: Sealer, stream: Any) -> str | None:
    """Return the header by which the portal's endpoint knows us."""
    if stream.authorization_sealed is None:
        return None
    sealed = stream.authorization_sealed
    return sealer.open(sealed, context=_context(stream)).decode()


def _context(stream: Any) -> str:
    return f"signal_streams.authorization:{stream.id}"


def describe(stream: SignalStream, config: Config) -> dict[str, Any]:
    """Return the configuration as the portal reads it; secrets are never told."""
    push = {"method": PUSH, "endpoint_url": stream.endpoint_url}
    poll = {"method": POLL, "endpoint_url": f"{config.issuer}/ssf/poll"}
    told: dict[str, Any] = {
        "stream_id": str(stream.id),
        "iss": config.issuer,
        "aud": stream.client_id,
        "delivery": push if stream.endpoint_url else poll,
        "events_supported": list(kinds.SUPPORTED),
        "events_requested": stream.events,
        "events_delivered": stream.events,
        "min_verification_interval": config.signals.verification_interval,
    }
    about = {"description": stream.description} if stream.description else {}
    return told | about


def set_status(
    database: DatabaseSession, stream: SignalStream, status: object, *, now: datetime
) -> None:
    """Enable, pause (what happens waits) or disable (it is not kept) a stream."""
    if status not in STATUSES:
        raise InvalidStreamError(f"status must be one of: {', '.join(STATUSES)}")
    stream.status = str(status)
    if status == "disabled":
        own = SignalNotice.client_id == stream.client_id
        database.execute(sa.delete(SignalNotice).where(own))
    requeue(database, stream, now=now)


def requeue(database: DatabaseSession, stream: SignalStream, *, now: datetime) -> None:
    """Have what waits told as the stream is now: pushed at once, or kept."""
    own = SignalNotice.client_id == stream.client_id
    due = now if stream.status == "enabled" and stream.endpoint_url else None
    database.execute(sa.update(SignalNotice).where(own).values(due_at=due))


def remove(database: DatabaseSession, client_id: str) -> None:
    """Forget the portal's stream and what waits in it."""
    for table in (SignalNotice, SignalStream):
        database.execute(sa.delete(table).where(table.client_id == client_id))
