"""One visit of a browser: what it brings, and the two ways in which it moves on."""

from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus

from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Response, request, url_for

from idp.authentication import browser, session, transaction
from idp.authentication.session import SignedIn
from idp.authentication.transaction import AuthenticationTransaction
from idp.logs import note_client
from idp.oidc.authorization_request import UntrustedRequestError
from idp.oidc.request_guard import FORM_TYPE, Form, parse_form
from idp.provider import Provider


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser at the dispatcher, with its transaction; new ones are not stored."""

    provider: Provider
    transaction: AuthenticationTransaction
    now: datetime
    is_stored: bool

    @property
    def lifetime(self) -> int:
        """Return how long a transaction may take, in seconds."""
        return self.provider.config.lifetimes.transaction

    def send_to(self, page: str, *, reason: str) -> Response:
        """Store the transaction, if need be, and send the browser to a step's page."""
        if not self.is_stored or self.transaction.step != reason:
            stopped = replace(self.transaction, step=reason)
            ephemeral = self.provider.ephemeral
            transaction.save(ephemeral, stopped, now=self.now, ttl=self.lifetime)
        return see_other(url_for(page, transaction=self.transaction.id))

    def end(self) -> None:
        """Mark the transaction finished, if it was ever stored."""
        if self.is_stored:
            ephemeral = self.provider.ephemeral
            transaction.end(
                ephemeral, self.transaction, now=self.now, ttl=self.lifetime
            )


def returning(provider: Provider, transaction_id: str, *, now: datetime) -> Visit:
    """Return the visit that goes on with a stored transaction of this browser."""
    stored = transaction.load(
        provider.ephemeral,
        transaction_id,
        browser=cookie_value(provider, browser.BROWSER),
        now=now,
        ttl=provider.config.lifetimes.transaction,
    )
    if stored.request is not None:
        note_client(stored.request.client_id)
    return Visit(provider, stored, now, is_stored=True)


def parameters() -> Form:
    """Return the request's parameters; query and form count as one.

    No parameter can so hide behind another's double (RFC 6749 §3.1).
    """
    parts = [request.query_string]
    if request.method == "POST" and (body := request.get_data()):
        if request.mimetype != FORM_TYPE:
            raise UntrustedRequestError(f"The content type must be {FORM_TYPE}")
        parts.append(body)
    try:
        return parse_form(b"&".join(part for part in parts if part))
    except InvalidRequestError as error:
        raise UntrustedRequestError(error.description) from error


def cookie_value(provider: Provider, name: str) -> str | None:
    """Return the value of one of our cookies, or None."""
    secure = provider.config.is_secure
    return request.cookies.get(browser.cookie_name(name, secure=secure)) or None


def browser_value(provider: Provider) -> tuple[str, bool]:
    """Return the value that names this browser, and whether it is new."""
    known = cookie_value(provider, browser.BROWSER)
    return known or browser.new_value(), known is None


def name_browser(provider: Provider, response: Response, value: str) -> None:
    """Give the browser the cookie that names it."""
    spec = browser.cookie(browser.BROWSER, value, secure=provider.config.is_secure)
    response.set_cookie(**spec.attributes())


def find_signed_in(provider: Provider, *, now: datetime) -> SignedIn | None:
    """Return this browser's live session with its account, or None."""
    token = cookie_value(provider, browser.SESSION)
    with provider.database.look_up() as reader:
        lifetimes = provider.config.lifetimes
        return session.find(reader, token, now=now, lifetimes=lifetimes)


def see_other(location: str) -> Response:
    """Return the redirect that makes a GET of whatever came (RFC 9110 §15.4.4)."""
    headers = {"Location": location, "Cache-Control": "no-store"}
    return Response(status=HTTPStatus.SEE_OTHER, headers=headers)
