"""An application that is being filled in: bound to one browser, until it is filed.

It lives in the ephemeral store under `enrolment:<id>` with what was typed sealed, so
that a browser or a process that ends in between loses nothing. `stage` alone says what
comes next: nothing is filed before phone, match, consent and face are there.
"""

import hmac
import json
import secrets
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID

from idp.authentication import browser as browsers
from idp.errors import IdpError
from idp.storage.ephemeral import EphemeralStore
from keys.sealing import Sealer

Stage = Literal["code", "match", "refused", "finish", "filed"]
# Everything that may not be told apart is one; the card is told of to its holder alone.
Refusal = Literal["no_match", "no_card"]


class DraftError(IdpError):
    """The application is unknown, over or another browser's."""

    code = "DD-ENR-001"


@dataclass(frozen=True, slots=True)
class Applicant:
    """What somebody typed of themselves, in one form; nothing of it is believed yet."""

    number: str
    name: str
    birth_date: str
    phone: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One application under way.

    `subject` stands for number and source without naming them. `refusal` is the
    registries' answer, `is_matched` says that it does not stop the draft: that all
    agrees, or that nobody may hear yet what was found. `receipt` is that of the dossier
    which it became.
    """

    id: str
    browser: str
    begun_at: datetime
    subject: str
    sealed: bytes
    has_phone: bool = False
    is_matched: bool = False
    refusal: Refusal | None = None
    receipt: str | None = None

    @property
    def stage(self) -> Stage:
        """Return what comes next."""
        if self.receipt is not None:
            return "filed"
        if not self.has_phone:
            return "code"
        if self.refusal is not None:
            return "refused"
        return "finish" if self.is_matched else "match"

    @property
    def blind_id(self) -> UUID:
        """Return an id that no account has, under which messages are counted."""
        return UUID(self.subject[:32])

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        sealed = b64encode(self.sealed).decode()
        return {
            **asdict(self),
            "begun_at": self.begun_at.isoformat(),
            "sealed": sealed,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the draft that `to_json` described."""
        begun_at = datetime.fromisoformat(value["begun_at"])
        sealed = b64decode(value["sealed"])
        return cls(**{**value, "begun_at": begun_at, "sealed": sealed})

    def proven(self) -> Self:
        """Return the draft with its phone proven."""
        return replace(self, has_phone=True)

    def answered(self, refusal: Refusal | None) -> Self:
        """Return the draft with the registries' answer."""
        return replace(self, is_matched=refusal is None, refusal=refusal)

    def filed(self, receipt: str) -> Self:
        """Return the draft that became a dossier."""
        return replace(self, receipt=receipt)


def begin(
    sealer: Sealer, browser: str, applicant: Applicant, *, source: str, now: datetime
) -> Draft:
    """Return a new draft of the browser with this cookie value, not yet stored.

    Tries are counted by number and source: a stranger who types the number elsewhere
    uses up none of its owner's.
    """
    draft_id = secrets.token_urlsafe(24)
    text = json.dumps(asdict(applicant), ensure_ascii=False)
    return Draft(
        id=draft_id,
        browser=browsers.digest(browser).hex(),
        begun_at=now,
        subject=sealer.index(
            f"{applicant.number}:{source}", context="enrolment.draft"
        ).hex(),
        sealed=sealer.seal(text.encode(), context=_context(draft_id)),
    )


def open_applicant(sealer: Sealer, draft: Draft) -> Applicant:
    """Return what was typed."""
    text = sealer.open(draft.sealed, context=_context(draft.id))
    return Applicant(**json.loads(text))


def save(ephemeral: EphemeralStore, draft: Draft, *, now: datetime, ttl: int) -> None:
    """Store the draft until its time is over."""
    left = draft.begun_at + timedelta(seconds=ttl) - now
    ephemeral.put(_key(draft.id), draft.to_json(), ttl=max(left.total_seconds(), 1))


def load(
    ephemeral: EphemeralStore,
    draft_id: str,
    *,
    browser: str | None,
    now: datetime,
    ttl: int,
) -> Draft:
    """Return the live draft of this browser, or raise `DraftError`."""
    value = ephemeral.get(_key(draft_id))
    if value is None or not browser:
        raise DraftError("no such application")
    draft = Draft.from_json(value)
    if not hmac.compare_digest(draft.browser, browsers.digest(browser).hex()):
        raise DraftError("another browser's application")
    if now >= draft.begun_at + timedelta(seconds=ttl):
        raise DraftError("the application is too old")
    return draft


def _key(draft_id: str) -> str:
    return f"enrolment:{draft_id}"


def _context(draft_id: str) -> str:
    return f"enrolment.draft:{draft_id}"
