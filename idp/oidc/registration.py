"""Clients register and manage themselves (RFC 7591, RFC 7592) with an operator's token.

Refusals of a token are all alike (RFC 7592 §2: 401), whether the client is unknown,
removed or another's; those of metadata say what to mend (RFC 7591 §3.2.2).
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.consent import grants
from idp.oidc import software_statements
from idp.oidc.errors import (
    NO_STORE,
    InvalidTokenError,
    MissingTokenError,
    json_answer,
    legible_sentence,
)
from idp.oidc.request_guard import MachineRequest, MachineResponse, json_object
from idp.oidc.server import AuthorizationServer
from idp.provider import Provider
from idp.relying_parties import own_registration, ownership, registration_tokens
from idp.relying_parties.errors import InvalidMetadataError, UnknownClientError
from idp.relying_parties.registration import CLIENT_ID

PATH = "/register"


def answer(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Answer at the client registration and configuration endpoint."""
    try:
        return _ANSWERS[request.method](server.provider, request)
    except UnknownClientError:  # removed meanwhile
        raise _refused() from None
    except InvalidMetadataError as refused:
        description = legible_sentence(refused.description)
        body = {"error": refused.error, "error_description": description}
        return json_answer(HTTPStatus.BAD_REQUEST, body)


def remove(provider: Provider, client_id: str, *, now: datetime) -> int:
    """Remove a client and end its grants, whose number it returns."""
    with provider.database.transaction() as session:
        provider.relying_parties.remove(session, provider.audit, client_id, now=now)
        ended = grants.end_all_of_client(
            session, provider.audit, client_id, grants.CLIENT_REMOVED, now=now
        )
    _drop(provider, ended)
    return len(ended)


def _drop(provider: Provider, ended: Iterable[UUID]) -> None:
    for grant_id in ended:
        provider.ephemeral.drop_grant(str(grant_id))


def address(provider: Provider, client_id: str) -> str:
    """Return the `registration_client_uri` of a client (RFC 7592 §3)."""
    return f"{provider.config.issuer}{PATH}?client_id={quote(client_id, safe='')}"


def _register(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Register a client (RFC 7591 §3)."""
    token, now = _bearer_token(request), request.at
    if request.query:
        raise InvalidRequestError("A registration has no query")
    with provider.database.read() as connection:
        approved = registration_tokens.find_initial(connection, token, now=now)
    if approved is None:
        raise _refused()
    metadata = software_statements.applied(provider, json_object(request), now=now)
    _require_statement(provider, metadata)
    sandbox = provider.config.sandbox.enabled
    wanted = own_registration.as_approved(metadata, approved, sandbox=sandbox)
    provider.relying_parties.confirm(wanted)
    with provider.database.transaction() as session:
        token_id = registration_tokens.use_initial(session, token, now=now)
        if token_id is None:
            raise _refused()
        response = _keep(provider, session, wanted, approved, now=now)
        client_id = response["client_id"]
        registration_tokens.record_use(
            session, provider.audit, token_id, client_id, now=now
        )
        own = registration_tokens.issue(
            session, provider.audit, client_id, approved, now=now
        )
    return _told(provider, response, own, status=HTTPStatus.CREATED)


def _read(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Tell a client what is registered of it (RFC 7592 §2.1)."""
    client_id, token, _ = _authenticated(provider, request)
    with provider.database.read() as connection:
        registered = provider.relying_parties.document(connection, client_id)
    return _told(provider, registered, token)


def _replace(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Replace a registration (RFC 7592 §2.2); earlier keys and secrets overlap."""
    client_id, token, approved = _authenticated(provider, request)
    metadata, now = json_object(request), request.at
    if metadata.get("client_id") != client_id:
        raise InvalidMetadataError("client_id must be the registered one")
    secret = metadata.get("client_secret", "")
    if secret and not provider.relying_parties.check_secret(client_id, str(secret)):
        raise InvalidMetadataError("client_secret must be the present one")
    with provider.database.read() as connection:
        kept = provider.relying_parties.document(connection, client_id)
    stated = software_statements.applied(
        provider, metadata, kept=kept.get(software_statements.MEMBER), now=now
    )
    _require_statement(provider, stated)
    sandbox = provider.config.sandbox.enabled
    wanted = own_registration.as_approved(stated, approved, sandbox=sandbox)
    wanted |= {"client_id": client_id, **own_registration.new_secret(metadata)}
    provider.relying_parties.confirm(wanted)
    with provider.database.transaction() as session:
        provider.relying_parties.take_turns(session)
        # Meanwhile the client may have been removed, or bounded in another way.
        present = registration_tokens.find_own(session.connection(), client_id, token)
        if present != approved:
            raise _refused()
        response, ended = _exchange(provider, session, wanted, approved, now=now)
    _drop(provider, ended)
    return _told(provider, response, token)


def _exchange(
    provider: Provider,
    session: Any,
    wanted: dict[str, Any],
    approved: dict[str, Any],
    *,
    now: datetime,
) -> tuple[dict[str, Any], list[UUID]]:
    """Keep a replacement; return it, and the grants that citizens gave to another."""
    client_id = wanted["client_id"]
    before = provider.relying_parties.document(session.connection(), client_id)
    response = _keep(provider, session, wanted, approved, before=before, now=now)
    if not ownership.is_another(response, before):
        return response, []
    return response, grants.end_all_of_client(
        session, provider.audit, client_id, grants.CLIENT_IS_ANOTHER, now=now
    )


def _remove(provider: Provider, request: MachineRequest) -> MachineResponse:
    """Remove a client with its grants (RFC 7592 §2.3)."""
    client_id, _, _ = _authenticated(provider, request)
    remove(provider, client_id, now=request.at)
    return MachineResponse(HTTPStatus.NO_CONTENT, headers=NO_STORE)


_ANSWERS: dict[str, Callable[[Provider, MachineRequest], MachineResponse]] = {
    "POST": _register,
    "GET": _read,
    "HEAD": _read,
    "PUT": _replace,
    "DELETE": _remove,
}
METHODS = tuple(method for method in _ANSWERS if method != "HEAD")


def _require_statement(provider: Provider, metadata: dict[str, Any]) -> None:
    is_required = provider.config.registration.require_statement
    if is_required and software_statements.MEMBER not in metadata:
        raise InvalidMetadataError(
            "software_statement is required here", error="invalid_software_statement"
        )


def _keep(  # noqa: PLR0913 - the stores, then the registration
    provider: Provider,
    session: Any,
    wanted: dict[str, Any],
    approved: dict[str, Any],
    *,
    before: dict[str, Any] | None = None,
    now: datetime,
) -> dict[str, Any]:
    at_once = own_registration.ends_at_once(wanted)
    overlap = 0 if at_once else provider.config.registration.overlap
    sandbox = provider.config.sandbox.enabled
    response = provider.relying_parties.add(
        session,
        provider.audit,
        wanted,
        sandbox=sandbox,
        now=now,
        overlap=timedelta(seconds=overlap),
    )
    own_host = urlsplit(provider.config.issuer).hostname or ""
    ownership.check_hosts(response, approved, own_host=own_host)
    others = provider.relying_parties.documents(session.connection())
    ownership.check_ownership(
        response, approved, others, before=before, sandbox=sandbox
    )
    config = provider.config
    ownership.check_name(
        response,
        approved,
        others,
        reserved=(config.pages.operator, *config.registration.reserved_names),
    )
    return response


def _authenticated(
    provider: Provider, request: MachineRequest
) -> tuple[str, str, dict[str, Any]]:
    """Return the client that the address names, its token and what was approved."""
    token = _bearer_token(request)
    try:
        given = parse_qs(request.query, errors="strict", max_num_fields=1)
    except ValueError:
        given = {}
    client_id = "".join(given.get("client_id", ()))
    if not CLIENT_ID.fullmatch(client_id):
        raise _refused()
    with provider.database.read() as connection:
        approved = registration_tokens.find_own(connection, client_id, token)
    if approved is None or provider.relying_parties.is_suspended(client_id):
        raise _refused()
    return client_id, token, approved


def _bearer_token(request: MachineRequest) -> str:
    scheme, _, token = (request.authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise MissingTokenError("No bearer token")
    return token.strip()


def _refused() -> InvalidTokenError:
    return InvalidTokenError("The token is unknown, used, expired or another client's")


def _told(
    provider: Provider,
    registered: dict[str, Any],
    token: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> MachineResponse:
    """Answer with what is registered (RFC 7592 §3)."""
    manages = {
        "registration_access_token": token,
        "registration_client_uri": address(provider, registered["client_id"]),
    }
    return json_answer(status, {**registered, **manages})
