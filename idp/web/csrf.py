"""The token that proves that a form came from our own page.

It is an HMAC of the browser's cookie and of the form's purpose under a server key, so
nothing is stored, and one form's token never fits another form or another browser.
"""

import hashlib
import hmac
from http import HTTPStatus

from idp.errors import IdpError

FIELD = "csrf_token"


class CsrfError(IdpError):
    """The form is not from this browser's page of this purpose."""

    code = "DD-WEB-010"
    status = HTTPStatus.FORBIDDEN


class CookiesOffError(IdpError):
    """The browser sent no cookie with the form."""

    code = "DD-WEB-011"
    status = HTTPStatus.BAD_REQUEST


def token(key: bytes, *, browser: str, purpose: str) -> str:
    """Return the token of this browser for forms of this purpose."""
    message = b"\0".join((purpose.encode(), browser.encode()))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def check(key: bytes, *, browser: str | None, purpose: str, sent: str | None) -> None:
    """Refuse a form whose token does not fit."""
    if not browser:
        raise CookiesOffError("the browser sent no cookie")
    expected = token(key, browser=browser, purpose=purpose)
    if not hmac.compare_digest(expected.encode(), (sent or "").encode()):
        raise CsrfError("the form's token does not fit")
