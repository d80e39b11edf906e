"""The backchannel authentication endpoint (OpenID Connect CIBA Core 1.0 §7).

A portal calls a citizen by their personal number, or by an ID token that it has of
them, and shows the number that it gets here; the citizen types it on their own page.
Whom nobody knows is called, counted and recorded like everyone else: the answer tells
nothing. Messages of one portal go one after the other, on a lane of its own.
"""

import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID, uuid4

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error

from idp.accounts import contacts, identifiers
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.audit.portal_events import CitizenCalled
from idp.authentication import calls, deciding
from idp.authentication import waiting as waitings
from idp.authentication.transaction import AuthorizationRequest
from idp.authentication.waiting import Waiting
from idp.factors import notices
from idp.oidc import client_auth, errors
from idp.oidc.clients import Client
from idp.oidc.decoupled import asking, signed
from idp.oidc.decoupled.device import place_of
from idp.oidc.decoupled.polling import CibaGrant
from idp.oidc.request_guard import Form, MachineRequest, MachineResponse, form
from idp.oidc.server import AuthorizationServer
from idp.provider import Provider
from idp.relying_parties.ciba import PING
from idp.relying_parties.record import RelyingParty

HINTS = ("login_hint", "id_token_hint", "login_hint_token")
MAX_MESSAGE = 100

_SECONDS = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{16,1024}=*", re.ASCII)  # RFC 6750 §2.1


class InvalidBindingMessageError(OAuth2Error):  # type: ignore[misc]
    """The message is too long, or would not show as it is stored (CIBA §13)."""

    error = "invalid_binding_message"


class TooManyCallsError(OAuth2Error):  # type: ignore[misc]
    """The portal has called as often as it may for now (RFC 6585 §4)."""

    error = "temporarily_unavailable"
    status_code = HTTPStatus.TOO_MANY_REQUESTS


def begin(server: AuthorizationServer, request: MachineRequest) -> MachineResponse:
    """Check a call, keep it, tell the citizen, and answer with its handle (§7.3)."""
    provider, params = server.provider, form(request)
    party = client_auth.authenticate(provider, request, params)
    Client(party).require_grant(CibaGrant.GRANT_TYPE)
    if not provider.throttle.admit_call(party.client_id).allowed:
        raise TooManyCallsError("Too many calls; try again later")
    params = signed.unpack(provider, party, params, now=request.at)
    if sum(name in params for name in HINTS) != 1:
        raise InvalidRequestError("Exactly one hint must say who is called (CIBA 7.1)")
    if "login_hint_token" in params:
        raise InvalidRequestError("login_hint_token is not supported")
    asked = asking.read(server, party, params, now=request.at)
    ttl = _life(params, provider.config.lifetimes.waiting)
    known, counted_as = _called(provider, party, asked, params)
    handle, called = calls.prepare(
        provider.ephemeral,
        provider.config.throttle,
        asked,
        account_id=counted_as,
        message=_message(params),
        place=place_of(provider, request),
        notify=_notify(provider, party, params),
        now=request.at,
        ttl=ttl,
    )
    _record(provider, called, known)
    waitings.keep(provider.ephemeral, called, request.at)
    if called.found_by:
        lane = f"call:{party.client_id}"
        provider.courier.in_line(lane, lambda: _tell(provider, party, called))
    answer = {
        "auth_req_id": handle,
        "expires_in": ttl,
        "interval": provider.config.lifetimes.poll_interval,
        "binding_number": called.number,
    }
    return errors.json_answer(200, answer)


def _called(
    provider: Provider, party: RelyingParty, asked: AuthorizationRequest, params: Form
) -> tuple[UUID | None, UUID]:
    """Return the account that is called, and what the call counts under without one."""
    with provider.database.read() as connection:
        if asked.hinted_subject is not None:
            known = identifiers.find_by_subject(
                connection, asked.hinted_subject, party.sector
            )
            return known, known or uuid4()
        try:
            number = identifiers.parse_personal_number(
                params.get("login_hint", ""), sandbox=provider.config.sandbox.enabled
            )
        except InvalidPersonalNumberError:
            number = ""  # names no account, and is looked up like every other
        known = identifiers.find_account_id(connection, provider.sealer, number)
    index = identifiers.number_index(provider.sealer, number)
    return known, known or UUID(bytes=index[:16])


def _record(provider: Provider, called: Waiting, known: UUID | None) -> None:
    """Write it to the log, of the citizen only what they find on their page."""
    event = CitizenCalled(known if called.found_by else None, called.request.client_id)
    with provider.database.transaction() as session:
        provider.audit.record(session, event, now=called.made_at)


def _message(params: Form) -> str:
    text = params.get("binding_message", "")
    kinds = {unicodedata.category(letter)[0] for letter in text.replace(" ", "")}
    if len(text) > MAX_MESSAGE or kinds & {"C", "Z"}:  # unseen, or another kind of gap
        raise InvalidBindingMessageError(
            f"binding_message must be at most {MAX_MESSAGE} visible letters"
        )
    return text.strip()


def _life(params: Form, longest: int) -> int:
    if "requested_expiry" not in params:
        return longest
    if not _SECONDS.fullmatch(params["requested_expiry"]):
        raise InvalidRequestError("requested_expiry must be a number of seconds")
    return min(int(params["requested_expiry"]), longest)


def _notify(
    provider: Provider, party: RelyingParty, params: Form
) -> Callable[[str], str | None]:
    """Return what seals the handle with the token that the portal wants to see."""
    token = params.get("client_notification_token")
    is_ping = party.backchannel_token_delivery_mode == PING
    if is_ping and (token is None or not _TOKEN.fullmatch(token)):
        raise InvalidRequestError(
            "client_notification_token must be 16 to 1024 letters of a bearer token"
        )

    def seal(handle: str) -> str | None:
        if not is_ping:
            return None
        text = json.dumps({"auth_req_id": handle, "token": token})
        sealed = provider.sealer.seal(text.encode(), context=deciding.NOTIFY)
        return b64encode(sealed).decode()

    return seal


def _tell(provider: Provider, party: RelyingParty, called: Waiting) -> None:
    """Tell the citizen to look at their own page; there is no link to follow."""
    if called.account_id is None:
        return
    with provider.database.read() as connection:
        reached = contacts.find_contacts(connection, provider.sealer, called.account_id)
    if reached is not None:
        name = party.name.in_language(provider.config.pages.default_language)
        notices.warn_at_once(
            provider, reached, "sign_in_asked", called.made_at, way=name
        )
