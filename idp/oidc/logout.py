"""Sign-out that a client starts (OpenID Connect RP-Initiated Logout 1.0).

An ID token of the very session ends it without a question; every other request is
asked about on a page first. The browser returns to a client only with a valid hint and
to a registered address; a wrong hint asks, and a wrong address is never gone to.
"""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.rpinitiated import EndSessionEndpoint
from flask import Response, request, url_for

from idp import clock
from idp.accounts.identifiers import find_subject
from idp.authentication import browser, farewell, logout, session
from idp.authentication.farewell import Farewell, Left
from idp.authentication.session import SignedIn
from idp.authentication.sign_in import sign_out
from idp.oidc.clients import Client
from idp.oidc.id_token_hint import verify_hint
from idp.oidc.request_guard import Form
from idp.oidc.server import AuthorizationServer, current, protocol_request
from idp.oidc.visit import (
    browser_value,
    find_signed_in,
    name_browser,
    parameters,
    see_other,
)
from idp.provider import Provider

_HANDLE_LIFETIME = 60

_log = structlog.get_logger("idp.oidc")


@dataclass(frozen=True, slots=True)
class CheckedLogout:
    """A request to sign out with what of it was verified.

    `return_uri` is registered, vouched for by a hint, and carries the `state`.
    """

    client_id: str | None = None
    hint: dict[str, str] | None = None
    return_uri: str | None = None
    ui_locales: tuple[str, ...] = ()


class _Endpoint(EndSessionEndpoint):  # type: ignore[misc]
    """Authlib's checks, on our keys, our issuer and our clients' exact addresses."""

    def __init__(self, server: AuthorizationServer, *, now: datetime) -> None:
        super().__init__(server)
        self._now = now

    def _validate_id_token_hint(self, id_token_hint: str) -> dict[str, str]:
        hint = verify_hint(self.server.provider, id_token_hint, now=self._now)
        return {"aud": hint.client_id, "sub": hint.subject, "sid": hint.sid}

    def _is_valid_post_logout_redirect_uri(
        self, client: Client, post_logout_redirect_uri: str
    ) -> bool:
        return post_logout_redirect_uri in client.party.post_logout_redirect_uris


def end_session() -> Response:
    """Answer GET and POST /end_session."""
    server, now = current(), clock.now()
    params = parameters()
    handle = params.get("handle")
    checked = (
        _kept(server.provider, handle) if handle else _check(server, params, now=now)
    )
    if request.method == "POST":
        return _as_get(server.provider, checked)
    return _answer(server.provider, checked, now=now)


def _check(
    server: AuthorizationServer, params: Form, *, now: datetime
) -> CheckedLogout:
    protocol = protocol_request(server.provider, method="GET", params=params)
    ui_locales = tuple(params.get("ui_locales", "").split())
    try:
        valid = _Endpoint(server, now=now).validate_request(protocol)
    except InvalidRequestError as error:
        # The citizen can still sign out, after a question; the client gets no redirect.
        _log.info("logout request refused", reason=error.description)
        return CheckedLogout(ui_locales=ui_locales)
    return CheckedLogout(
        ui_locales=ui_locales,
        client_id=valid.client.client_id if valid.client else None,
        hint=valid.id_token_claims,
        return_uri=valid.redirect_uri,
    )


def _as_get(provider: Provider, checked: CheckedLogout) -> Response:
    # As at /authorize: a form from the client's site brings no SameSite=Lax cookie.
    handle = secrets.token_urlsafe(24)
    provider.ephemeral.put(
        f"end-session:{handle}", asdict(checked), ttl=_HANDLE_LIFETIME
    )
    return see_other(url_for("oidc.end_session", handle=handle))


def _kept(provider: Provider, handle: str) -> CheckedLogout:
    value = provider.ephemeral.get(f"end-session:{handle}")
    return CheckedLogout(**value) if value else CheckedLogout()


def _answer(provider: Provider, checked: CheckedLogout, *, now: datetime) -> Response:
    signed_in = find_signed_in(provider, now=now)
    if signed_in is None:
        return _signed_out(provider, checked, ())
    if _is_of_session(provider, checked, signed_in):
        with provider.database.transaction() as database:
            sign_out(
                provider,
                database,
                session=signed_in.session,
                reason="relying_party",
                now=now,
            )
        left = farewell.portals_left(
            provider, signed_in.session, asker=checked.client_id
        )
        return _signed_out(provider, checked, left)
    value, is_new = browser_value(provider)
    waiting = logout.start(
        provider.ephemeral,
        value,
        client_id=checked.client_id,
        return_uri=checked.return_uri,
        ui_locales=checked.ui_locales,
    )
    response = see_other(url_for("logout.confirm", transaction=waiting.id))
    if is_new:
        name_browser(provider, response, value)
    return response


def _is_of_session(
    provider: Provider, checked: CheckedLogout, signed_in: SignedIn
) -> bool:
    if checked.hint is None:
        return False
    party = provider.relying_parties.find(checked.hint["aud"])
    if party is None:
        return False
    expected_sid = session.sid(
        provider.secrets.key("sid"), signed_in.session.id, party.sector
    )
    if checked.hint["sid"] == expected_sid:
        return True
    with provider.database.read() as connection:
        subject = find_subject(connection, signed_in.account.id, party.sector)
    return checked.hint["sub"] == subject


def _signed_out(
    provider: Provider, checked: CheckedLogout, left: tuple[Left, ...]
) -> Response:
    """Go back, unless a portal is signed out on our own page only, or to no portal."""
    told = Farewell(left, checked.return_uri, checked.client_id, checked.ui_locales)
    value, is_new = browser_value(provider)
    if told.return_uri and not told.needs_page:
        response = see_other(told.return_uri)
    else:
        handle = farewell.keep(provider.ephemeral, value, told)
        response = see_other(url_for("logout.done", handle=handle))
        if is_new:
            name_browser(provider, response, value)
    spec = browser.expired_cookie(browser.SESSION, secure=provider.config.is_secure)
    response.set_cookie(**spec.attributes())
    return response
