"""The addresses of Shared Signals (SSF 1.0 §7, §8): streams, their status, polling.

Every one is for the client that its token speaks for, and for its one stream.
"""

import json
from http import HTTPStatus
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.config import Config
from idp.errors import IdpError, NotFoundError
from idp.oidc import client_tokens, errors
from idp.oidc.client_tokens import MANAGE, READ
from idp.oidc.request_guard import MachineRequest, MachineResponse, media_type
from idp.oidc.server import AuthorizationServer
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty
from idp.signals import delivery, feed, kinds, streams
from idp.signals.models import SignalNotice, SignalStream

_MOST_AT_ONCE, _MOST_NAMES = 100, 1000
_LONGEST_STATE = 1024


class _TooSoonError(IdpError):
    """A verification was asked for only a moment ago (SSF 1.0 §8.1.4.2)."""

    code = "DD-SIG-429"
    status = HTTPStatus.TOO_MANY_REQUESTS


def configuration(
    server: AuthorizationServer, request: MachineRequest
) -> MachineResponse:
    """Answer with the transmitter's metadata (SSF 1.0 §7.1)."""
    del request
    return errors.json_answer(200, metadata(server.provider.config))


def metadata(config: Config) -> dict[str, Any]:
    """Return what this transmitter can do."""
    issuer = config.issuer
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks.json",
        "delivery_methods_supported": [streams.PUSH, streams.POLL],
        "configuration_endpoint": f"{issuer}/ssf/stream",
        "status_endpoint": f"{issuer}/ssf/status",
        "verification_endpoint": f"{issuer}/ssf/verify",
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        # Every citizen who allows the portal something, and nobody else.
        "default_subjects": "ALL",
    }


def stream(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Create, read, change, replace or remove the stream (SSF 1.0 §8.1.1)."""
    provider, needs = server.provider, READ if request.method == "GET" else MANAGE
    party = client_tokens.sender(provider, request, scope=needs)
    with provider.database.transaction() as database:
        if request.method == "POST":
            return _create(provider, database, party, request)
        if request.method == "GET" and not request.query:
            own = database.get(SignalStream, party.client_id)
            every = [streams.describe(own, provider.config)] if own else []
            return errors.json_answer(200, every)  # SSF 1.0 §8.1.1.2: always a list
        kept = _own(database, party, request)
        if request.method == "DELETE":
            streams.remove(database, party.client_id)
            return MachineResponse(HTTPStatus.NO_CONTENT)
        if request.method in ("PATCH", "PUT"):
            _change(provider, kept, request, is_whole=request.method == "PUT")
            streams.requeue(database, kept, now=request.at)
        return errors.json_answer(200, streams.describe(kept, provider.config))


def _create(
    provider: Provider, database: Any, party: RelyingParty, request: MachineRequest
) -> MachineResponse:
    made = streams.new(party.client_id, now=request.at)
    _change(provider, made, request, is_whole=True)
    streams.add(database, made)
    return errors.json_answer(201, streams.describe(made, provider.config))


def _change(
    provider: Provider, kept: SignalStream, request: MachineRequest, *, is_whole: bool
) -> None:
    streams.change(
        kept,
        _json(request),
        provider.sealer,
        is_whole=is_whole,
        sandbox=provider.config.sandbox.enabled,
    )


def status(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Tell or change whether events are told (SSF 1.0 §8.1.2)."""
    provider, needs = server.provider, READ if request.method == "GET" else MANAGE
    party = client_tokens.sender(provider, request, scope=needs)
    with provider.database.transaction() as database:
        kept = _own(database, party, request)
        if request.method == "POST":
            wanted = _json(request).get("status")
            streams.set_status(database, kept, wanted, now=request.at)
        told = {"stream_id": str(kept.id), "status": kept.status}
        return errors.json_answer(200, told)


def verify(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Send the portal an event that tells that the stream works (SSF 1.0 §8.1.4)."""
    provider = server.provider
    party = client_tokens.sender(provider, request, scope=MANAGE)
    state = _json(request).get("state")
    if state is not None and not (
        isinstance(state, str) and len(state) <= _LONGEST_STATE
    ):
        raise InvalidRequestError("state must be a text")
    pause = provider.config.signals.verification_interval
    with provider.database.transaction() as database:
        kept = _own(database, party, request)
        key = f"ssf-verified:{party.client_id}"
        if not provider.ephemeral.claim(key, ttl=pause):
            raise _TooSoonError("verify again a little later")
        notice = SignalNotice(
            client_id=party.client_id,
            subject={"format": "opaque", "id": str(kept.id)},
            event=kinds.VERIFICATION,
            members={} if state is None else {"state": state},
            created_at=request.at,
            due_at=request.at if kept.endpoint_url else None,
        )
        feed.queue(provider, database, notice)
    return MachineResponse(HTTPStatus.NO_CONTENT)


def poll(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Take acknowledgements, and give what waits at once (RFC 8936 §2)."""
    provider = server.provider
    party = client_tokens.sender(provider, request, scope=READ)
    asked = _json(request)
    done, refused = asked.get("ack", []), asked.get("setErrs", {})
    most = asked.get("maxEvents", _MOST_AT_ONCE)
    if not (
        isinstance(done, list)
        and isinstance(refused, dict)
        and len(done) + len(refused) <= _MOST_NAMES
        and type(most) is int
        and most >= 0
    ):
        raise InvalidRequestError("ack, setErrs or maxEvents is malformed")
    with provider.database.transaction() as database:
        kept = _own(database, party, request)
        if kept.endpoint_url is not None:
            raise InvalidRequestError("this stream is pushed")
        taken = [*done, *refused]
        delivery.acknowledge(provider, database, party.client_id, taken, now=request.at)
        is_open = kept.status == "enabled"
    most = min(most, _MOST_AT_ONCE) if is_open else 0
    sets, more = delivery.poll(provider, party, most=most, now=request.at)
    return errors.json_answer(200, {"sets": sets, "moreAvailable": more and is_open})


def _own(database: Any, party: RelyingParty, request: MachineRequest) -> SignalStream:
    """Return the client's stream; a foreign `stream_id` is as good as none."""
    kept: SignalStream | None = database.get(
        SignalStream, party.client_id, with_for_update=True
    )
    named = request.query.removeprefix("stream_id=") if request.query else None
    if request.body and request.path != "/ssf/poll":
        named = _json(request).get("stream_id", named)
    if kept is None or named not in (None, str(kept.id)):
        raise NotFoundError("this client has no such stream")
    return kept


def _json(request: MachineRequest) -> dict[str, Any]:
    if media_type(request) != "application/json":
        raise InvalidRequestError("The content type must be application/json")
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("The body is not JSON") from error
    if not isinstance(value, dict):
        raise InvalidRequestError("The body is not a JSON object")
    return value
