"""The browser that a transaction and a session belong to: its cookies.

Values are random, the server keeps digests alone. On an https issuer every cookie
carries the `__Host-` prefix and Secure (RFC 6265bis §4.1.3.2), so no neighbouring host
can plant one; a plain-http issuer exists on loopback only and can carry neither.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal, TypedDict

BROWSER = "dd_browser"
SESSION = "dd_session"
DEVICE = "dd_device"
LANGUAGE = "dd_lang"
COUNTER = "dd_counter"


class CookieAttributes(TypedDict):
    """The keyword arguments of a response's `set_cookie`."""

    key: str
    value: str
    max_age: int | None
    path: str
    secure: bool
    httponly: bool
    samesite: Literal["Lax"]


@dataclass(frozen=True, slots=True)
class CookieSpec:
    """One cookie to set: `response.set_cookie(**spec.attributes())`."""

    name: str
    value: str
    secure: bool
    max_age: int | None = None

    def attributes(self) -> CookieAttributes:
        """Return what `set_cookie` takes; HttpOnly, SameSite=Lax, for every path."""
        return CookieAttributes(
            key=self.name,
            value=self.value,
            max_age=self.max_age,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="Lax",
        )


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the name under which the cookie travels."""
    return f"__Host-{name}" if secure else name


def cookie(
    name: str, value: str, *, secure: bool, max_age: int | None = None
) -> CookieSpec:
    """Return the cookie that carries `value`, until the browser closes by default."""
    return CookieSpec(cookie_name(name, secure=secure), value, secure, max_age)


def expired_cookie(name: str, *, secure: bool) -> CookieSpec:
    """Return the cookie that makes the browser forget `name`."""
    return CookieSpec(cookie_name(name, secure=secure), "", secure, max_age=0)


def new_value() -> str:
    """Return a fresh random value of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(value: str) -> bytes:
    """Return what the server keeps of a cookie's value."""
    return hashlib.sha256(value.encode()).digest()
