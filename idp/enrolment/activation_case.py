"""One activation under way: in one browser, for known and unknown numbers alike.

It lives in the ephemeral store under `activation:<id>` and holds what was proven and
chosen so far, the password as a sealed hash. A process that dies loses nothing: the
next step reads it again, and the account itself decides that it is activated once.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from idp.authentication import browser as browsers
from idp.errors import IdpError
from idp.storage.ephemeral import EphemeralStore
from keys.sealing import Sealer

NOBODY = UUID(int=0)


class ActivationError(IdpError):
    """The activation is unknown, over or another browser's."""

    code = "DD-ACT-001"


@dataclass(frozen=True, slots=True)
class ActivationCase:
    """What one browser has done towards an activation.

    `subject` counts tries by number and source without naming them; `account_id` is
    None where nothing may be activated, which nobody is told before the code.
    """

    id: str
    browser: str
    created_at: datetime
    subject: str
    account_id: UUID | None
    is_phone_proven: bool = False
    password: bytes | None = field(default=None, repr=False)
    strength: str = ""

    @property
    def holder(self) -> UUID:
        """Return the account, or an id that no account has."""
        return self.account_id or NOBODY

    @property
    def blind_id(self) -> UUID:
        """Return an id that no account has, under which messages are counted."""
        return UUID(self.subject[:32])

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "id": self.id,
            "browser": self.browser,
            "created_at": self.created_at.isoformat(),
            "subject": self.subject,
            "account_id": str(self.account_id) if self.account_id else None,
            "is_phone_proven": self.is_phone_proven,
            "password": b64encode(self.password).decode() if self.password else None,
            "strength": self.strength,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the case that `to_json` described."""
        account, password = value["account_id"], value["password"]
        return cls(
            **{
                **value,
                "created_at": datetime.fromisoformat(value["created_at"]),
                "account_id": UUID(account) if account else None,
                "password": b64decode(password) if password else None,
            }
        )

    def seal_password(self, sealer: Sealer, password_hash: str) -> bytes:
        """Return the chosen password's hash, sealed for this case."""
        return sealer.seal(password_hash.encode(), context=_key(self.id))

    def password_hash(self, sealer: Sealer) -> str:
        """Return the chosen password's hash, or raise `ActivationError`."""
        if self.password is None:
            raise ActivationError("no password is chosen yet")
        return sealer.open(self.password, context=_key(self.id)).decode()


def open_case(
    browser: str, *, subject: str, account_id: UUID | None, now: datetime
) -> ActivationCase:
    """Return a new case of the browser with this cookie value, not yet stored."""
    digest = browsers.digest(browser).hex()
    return ActivationCase(secrets.token_urlsafe(24), digest, now, subject, account_id)


def save(
    ephemeral: EphemeralStore, case: ActivationCase, *, now: datetime, ttl: int
) -> None:
    """Store the case until its time is over, and which one its browser has."""
    left = case.created_at + timedelta(seconds=ttl) - now
    seconds = max(left.total_seconds(), 1)
    ephemeral.put(_key(case.id), case.to_json(), ttl=seconds)
    ephemeral.put(_place(case.browser), {"case": case.id}, ttl=seconds)


def load(
    ephemeral: EphemeralStore,
    case_id: str,
    *,
    browser: str | None,
    now: datetime,
    ttl: int,
) -> ActivationCase:
    """Return the live case of this browser, or raise `ActivationError`."""
    value = ephemeral.get(_key(case_id))
    if value is None or not browser:
        raise ActivationError("no such activation")
    case = ActivationCase.from_json(value)
    if not hmac.compare_digest(case.browser, browsers.digest(browser).hex()):
        raise ActivationError("another browser's activation")
    if now >= case.created_at + timedelta(seconds=ttl):
        raise ActivationError("the activation is too old")
    return case


def begun_by(ephemeral: EphemeralStore, browser: str | None) -> str | None:
    """Return the activation that this browser has begun, to be gone on with."""
    if not browser:
        return None
    kept = ephemeral.get(_place(browsers.digest(browser).hex()))
    return str(kept["case"]) if kept and ephemeral.get(_key(kept["case"])) else None


def end(ephemeral: EphemeralStore, case: ActivationCase) -> None:
    """Forget a case whose account is active."""
    ephemeral.drop(_key(case.id), _place(case.browser))


def _key(case_id: str) -> str:
    return f"activation:{case_id}"


def _place(browser: str) -> str:
    return f"activation-of:{browser}"
