"""A request to sign out that waits for the citizen's yes (RP-Initiated Logout 1.0 §2).

It lives under `logout:<id>`, belongs to one browser, and carries the address to return
to only once that was verified; the page that asks needs to verify nothing more.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from idp.authentication import browser as browsers
from idp.authentication.transaction import NO_COOKIES, TransactionError
from idp.storage.ephemeral import EphemeralStore

LIFETIME = 600


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Who asks to sign out in this browser, and where to return when it is done.

    `return_uri` is verified and already carries the request's `state`.
    """

    id: str
    browser: str
    client_id: str | None
    return_uri: str | None
    ui_locales: tuple[str, ...] = ()


def start(
    ephemeral: EphemeralStore,
    browser: str,
    *,
    client_id: str | None,
    return_uri: str | None,
    ui_locales: tuple[str, ...] = (),
) -> LogoutRequest:
    """Store a request that only the browser with this cookie value can answer."""
    request = LogoutRequest(
        id=secrets.token_urlsafe(24),
        browser=browsers.digest(browser).hex(),
        client_id=client_id,
        return_uri=return_uri,
        ui_locales=ui_locales,
    )
    ephemeral.put(f"logout:{request.id}", asdict(request), ttl=LIFETIME)
    return request


def load(
    ephemeral: EphemeralStore, logout_id: str, *, browser: str | None
) -> LogoutRequest:
    """Return the waiting request of this browser, or raise `TransactionError`."""
    if not browser:
        raise TransactionError("the browser sent no cookie", code=NO_COOKIES)
    value = ephemeral.get(f"logout:{logout_id}")
    request = _request(**value) if value else None
    expected_browser = browsers.digest(browser).hex()
    if request is None or not hmac.compare_digest(request.browser, expected_browser):
        raise TransactionError("unknown or answered request to sign out")
    return request


def _request(*, ui_locales: Sequence[str] = (), **value: Any) -> LogoutRequest:
    return LogoutRequest(**value, ui_locales=tuple(ui_locales))


def end(ephemeral: EphemeralStore, request: LogoutRequest) -> None:
    """Forget the request, answered with yes or no."""
    ephemeral.drop(f"logout:{request.id}")
