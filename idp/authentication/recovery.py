"""A way back in: proofs gathered in one browser for one account, and what they open.

It lives in the ephemeral store under `recovery:<id>`, for known and unknown numbers
alike, starts no session and earns no level. What it opens is done once: the case is
taken by the change that it was for.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID

from idp.authentication import browser as browsers
from idp.errors import IdpError
from idp.storage.ephemeral import EphemeralStore

Change = Literal["password", "factors", "unlock"]
Channel = Literal["email", "sms"]
# What may stand for a forgotten password: any two of these.
_WITHOUT_PASSWORD = frozenset({"email", "sms", "totp", "recovery", "chip", "face"})
# What may stand for a lost phone beside the card, which alone is one possession.
_BESIDE_CARD = frozenset({"pwd", "face"})
# What a phone's thief does not have, whatever they told the hotline.
_BESIDE_PHONE = frozenset({"email", "chip"})
HOTLINE = "hotline"
NOBODY = UUID(int=0)


class RecoveryError(IdpError):
    """The case is unknown, over, used or another browser's."""

    code = "DD-BACK-001"


@dataclass(frozen=True, slots=True)
class Case:
    """One way back in.

    `subject` counts tries without naming the account; `account_id` is None where no
    account has the number, or none is known yet. `is_by_number` says that it began with
    a number, and `channel` how the first code was sent then. `portrait` is the card's
    picture for a face check, sealed.
    """

    id: str
    browser: str
    created_at: datetime
    subject: str = ""
    account_id: UUID | None = None
    is_by_number: bool = False
    channel: Channel = "email"
    proofs: frozenset[str] = frozenset()
    portrait: tuple[str, bytes] | None = field(default=None, repr=False)

    @property
    def holder(self) -> UUID:
        """Return the account, or an id that no account has."""
        return self.account_id or NOBODY

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        portrait = self.portrait
        return {
            "id": self.id,
            "browser": self.browser,
            "created_at": self.created_at.isoformat(),
            "subject": self.subject,
            "account_id": str(self.account_id) if self.account_id else None,
            "is_by_number": self.is_by_number,
            "channel": self.channel,
            "proofs": sorted(self.proofs),
            "portrait": portrait and [portrait[0], b64encode(portrait[1]).decode()],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the case that `to_json` described."""
        account, portrait = value["account_id"], value["portrait"]
        return cls(
            id=value["id"],
            browser=value["browser"],
            created_at=datetime.fromisoformat(value["created_at"]),
            subject=value["subject"],
            account_id=UUID(account) if account else None,
            is_by_number=value["is_by_number"],
            channel=value["channel"],
            proofs=frozenset(value["proofs"]),
            portrait=(portrait[0], b64decode(portrait[1])) if portrait else None,
        )

    def proven(self, method: str) -> Self:
        """Return the case with one more proof; the same proof twice is one."""
        return replace(self, proofs=self.proofs | {method})


def opens(proofs: Collection[str]) -> frozenset[Change]:
    """Return what these proofs allow: the whole rule of the way back in.

    A new password takes two proofs other than the password; new factors take the card
    and the password, or the card and the face; opening what its holder has locked takes
    the card and the password, or the hotline's word, the phone and beside them the
    mailbox or the card: the first two are also a phone's thief's.
    """
    found = frozenset(proofs)
    changes: set[Change] = set()
    if len(found & _WITHOUT_PASSWORD) > 1:
        changes.add("password")
    if "chip" in found and found & _BESIDE_CARD:
        changes.add("factors")
    if {"chip", "pwd"} <= found or (
        {HOTLINE, "sms"} <= found and found & _BESIDE_PHONE
    ):
        changes.add("unlock")
    return frozenset(changes)


def open_case(browser: str, *, now: datetime, **known: Any) -> Case:
    """Return a new case of the browser with this cookie value, not yet stored."""
    return Case(
        id=secrets.token_urlsafe(24),
        browser=browsers.digest(browser).hex(),
        created_at=now,
        **known,
    )


def save(ephemeral: EphemeralStore, case: Case, *, now: datetime, ttl: int) -> None:
    """Store the case until its time is over."""
    left = case.created_at + timedelta(seconds=ttl) - now
    ephemeral.put(_key(case.id), case.to_json(), ttl=max(left.total_seconds(), 1))


def load(
    ephemeral: EphemeralStore,
    case_id: str,
    *,
    browser: str | None,
    now: datetime,
    ttl: int,
) -> Case:
    """Return the live case of this browser, or raise `RecoveryError`."""
    case = _ours(ephemeral.get(_key(case_id)), browser=browser, now=now, ttl=ttl)
    if ephemeral.get(_over(case_id)) is not None:
        raise RecoveryError("the case is over")
    return case


def take(  # noqa: PLR0913 - the store, then what for
    ephemeral: EphemeralStore,
    case: Case,
    change: Change,
    *,
    beside: Collection[str] = (),
    now: datetime,
    ttl: int,
) -> None:
    """Use the case up for a change that its proofs open: of parallel uses one is.

    `beside` is what stands outside the case, as the hotline's word does.
    """
    # The claim alone decides, and stays: a proof that was under way may store the case
    # once more.
    if not ephemeral.claim(_over(case.id), ttl=ttl):
        raise RecoveryError("the case is over")
    value = ephemeral.take(_key(case.id))
    if value is None or change not in opens({*value["proofs"], *beside}):
        raise RecoveryError("the case is over")
    if now >= case.created_at + timedelta(seconds=ttl):
        raise RecoveryError("the case is too old")


def _ours(
    value: dict[str, Any] | None, *, browser: str | None, now: datetime, ttl: int
) -> Case:
    if value is None or not browser:
        raise RecoveryError("no such case")
    case = Case.from_json(value)
    if not hmac.compare_digest(case.browser, browsers.digest(browser).hex()):
        raise RecoveryError("another browser's case")
    if now >= case.created_at + timedelta(seconds=ttl):
        raise RecoveryError("the case is too old")
    return case


def _key(case_id: str) -> str:
    return f"recovery:{case_id}"


def _over(case_id: str) -> str:
    return f"recovery-over:{case_id}"
