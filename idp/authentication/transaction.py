"""One authentication transaction: from a request for sign-in to its answer.

It lives in the ephemeral store under `txn:<id>`, belongs to one browser, and holds no
proof of anybody's identity: proofs are events of the session. Several transactions run
side by side in one browser and finish in any order.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from idp.authentication import browser as browsers
from idp.errors import IdpError
from idp.storage.ephemeral import EphemeralStore

UNKNOWN = "DD-TXN-001"
EXPIRED = "DD-TXN-002"
OTHER_BROWSER = "DD-TXN-003"
FINISHED = "DD-TXN-004"
NO_COOKIES = "DD-TXN-005"

# A double click on the last button sends the browser through the end twice; it only
# shows the second answer, so the second one must still be an answer.
DOUBLE_SUBMIT = timedelta(seconds=10)
# For so long a late visitor is told "expired" or "finished" rather than "unknown".
_LINGER = timedelta(minutes=10)

_ACCOUNTS = ("chosen_account", "consented_by", "acting_for", "acting_by")

# One slash and then no other: `//host` and `/\host` would leave for another host.
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


class TransactionError(IdpError):
    """The transaction is unknown, expired, finished or another browser's."""

    code = UNKNOWN


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A validated authorization request (OpenID Connect Core §3.1.2.1).

    `login_hint` is sealed (`authentication.login_hint`). `waiting` names what waits for
    the answer at another device, instead of a redirect (`authentication.waiting`).
    """

    client_id: str
    redirect_uri: str
    response_mode: str = "query"
    scopes: tuple[str, ...] = ("openid",)
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    login_hint: str | None = None
    hinted_subject: str | None = None
    ui_locales: tuple[str, ...] = ()
    claims: dict[str, Any] = field(default_factory=dict)
    authorization_details: tuple[dict[str, Any], ...] = ()
    resource: tuple[str, ...] = ()
    request_uri: str | None = None
    redirect_uri_sent: bool = True
    dpop_jkt: str | None = None
    waiting: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the request that `to_json` described."""
        kept: dict[str, Any] = {
            name: tuple(item) if isinstance(item, list) else item
            for name, item in value.items()
        }
        return cls(**kept)


@dataclass(frozen=True, slots=True)
class AuthenticationTransaction:
    """What is asked of the citizen in one tab, and what they chose so far.

    `step` is the reason of the step that the browser was last sent to; `max_age`,
    `is_strong` (as strong as the account can be, and by no other device) and
    `return_path` belong to purpose `account` (a page of our own). `acting_for` is whom
    `acting_by` chose to act for, themselves among them. `denied` makes the dispatcher
    answer `access_denied`.
    """

    id: str
    browser: str
    created_at: datetime
    purpose: Literal["authorization", "account"] = "authorization"
    request: AuthorizationRequest | None = None
    return_path: str | None = None
    max_age: int | None = None
    is_strong: bool = False
    chosen_account: UUID | None = None
    consented_at: datetime | None = None
    consented_by: UUID | None = None
    acting_for: UUID | None = None
    acting_by: UUID | None = None
    denied: bool = False
    step: str | None = None
    finished_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        value = {item.name: getattr(self, item.name) for item in fields(self)}
        value["request"] = self.request.to_json() if self.request else None
        for name in ("created_at", "consented_at", "finished_at"):
            value[name] = value[name].isoformat() if value[name] else None
        for name in _ACCOUNTS:
            value[name] = str(value[name]) if value[name] else None
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the transaction that `to_json` described."""
        value = dict(value)
        if value["request"]:
            value["request"] = AuthorizationRequest.from_json(value["request"])
        for name in ("created_at", "consented_at", "finished_at"):
            if value[name]:
                value[name] = datetime.fromisoformat(value[name])
        for name in _ACCOUNTS:
            if value[name]:
                value[name] = UUID(value[name])
        return cls(**value)


def prepare(  # noqa: PLR0913 - a portal's request, or what a page of our own asks
    browser: str,
    *,
    now: datetime,
    request: AuthorizationRequest | None = None,
    return_path: str | None = None,
    max_age: int | None = None,
    is_strong: bool = False,
) -> AuthenticationTransaction:
    """Return a new transaction, not yet stored, of the browser with this cookie value.

    Without a request it is for a page of our own, to return to `return_path`.
    """
    if return_path is not None and not _LOCAL_PATH.fullmatch(return_path):
        raise TransactionError("not a path of our own", code=UNKNOWN)
    return AuthenticationTransaction(
        id=secrets.token_urlsafe(24),
        browser=browsers.digest(browser).hex(),
        created_at=now,
        purpose="authorization" if request else "account",
        request=request,
        return_path=return_path,
        max_age=max_age,
        is_strong=is_strong,
    )


def load(
    ephemeral: EphemeralStore,
    transaction_id: str,
    *,
    browser: str | None,
    now: datetime,
    ttl: int,
) -> AuthenticationTransaction:
    """Return the live transaction of this browser, or raise `TransactionError`."""
    if not browser:
        raise TransactionError("the browser sent no cookie", code=NO_COOKIES)
    value = ephemeral.get(f"txn:{transaction_id}")
    if value is None:
        raise TransactionError("unknown transaction", code=UNKNOWN)
    transaction = AuthenticationTransaction.from_json(value)
    if not hmac.compare_digest(transaction.browser, browsers.digest(browser).hex()):
        raise TransactionError("another browser's transaction", code=OTHER_BROWSER)
    if now >= transaction.created_at + timedelta(seconds=ttl):
        raise TransactionError("the transaction has expired", code=EXPIRED)
    finished = transaction.finished_at
    if finished and now >= finished + DOUBLE_SUBMIT:
        raise TransactionError("the transaction is finished", code=FINISHED)
    return transaction


def save(
    ephemeral: EphemeralStore,
    transaction: AuthenticationTransaction,
    *,
    now: datetime,
    ttl: int,
) -> None:
    """Store what has changed; the time of its end stays."""
    finished, expires = transaction.finished_at, timedelta(seconds=ttl)
    gone = (finished or transaction.created_at + expires) + _LINGER
    remaining = max((gone - now).total_seconds(), 1)
    ephemeral.put(f"txn:{transaction.id}", transaction.to_json(), ttl=remaining)


def end(
    ephemeral: EphemeralStore,
    transaction: AuthenticationTransaction,
    *,
    now: datetime,
    ttl: int,
) -> None:
    """Mark the transaction finished."""
    if transaction.finished_at is None:
        save(ephemeral, replace(transaction, finished_at=now), now=now, ttl=ttl)


def form_action_source(transaction: AuthenticationTransaction) -> str | None:
    """Return the CSP source of the verified redirect URI, for `form-action`."""
    request = transaction.request
    return source_of(request.redirect_uri) if request and not request.waiting else None


def source_of(uri: str) -> str:
    """Return the CSP source that matches `uri`'s origin (CSP3 §2.3.1).

    A private-use scheme (RFC 8252 §7.1) has no host, and the grammar knows no IPv6
    literal: both are named by scheme.
    """
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or "[" in parts.netloc:
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"
