"""What an officer has gathered so far: kept sealed and short, bound to their session.

A draft outlives a stopped process and a closed page, and nothing else: it belongs to
one officer in one session, and is gone when its time is up or it was filed. The two
pictures lie beside it, so that a step does not carry them along.
"""

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal, Protocol, Self

from idp.config import Config
from idp.enrolment import in_person
from idp.enrolment.in_person import Compared, Path
from idp.errors import IdpError
from idp.registry.person import PersonRecord, RegisteredPerson
from idp.storage.ephemeral import EphemeralStore
from keys.sealing import Sealer

Picture = Literal["chip", "photo"]
STEPS = ("shown", "registry", "representative", "proof", "contacts", "agreement")


class DraftError(IdpError):
    """The draft is unknown, left too long, or another officer's."""

    code = "DD-DESK-001"


class Services(Protocol):
    """The part of the running provider that drafts need."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def ephemeral(self) -> EphemeralStore:
        """Where drafts lie."""

    @property
    def sealer(self) -> Sealer:
        """What seals them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One person at one desk; what is empty was not done yet.

    `scanned` was on the card and is signed by nobody; `name` and `birth_date` are what
    the registry is asked by. `card` and `holder` are a chip's, `papers` what a
    foreigner showed. `account_id` is an account of level 1 that is to be raised.
    `representative` is who came along, with `proven` once that was shown.
    """

    id: str
    officer: str
    session: str
    path: Path
    number: str = field(repr=False)
    scanned: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    card: Mapping[str, Any] | None = field(default=None, repr=False)
    holder: Mapping[str, Any] | None = field(default=None, repr=False)
    portrait_format: str = ""
    papers: Mapping[str, str] | None = field(default=None, repr=False)
    record: Mapping[str, Any] | None = field(default=None, repr=False)
    is_stale: bool = False
    is_compared: bool = False
    account_id: str | None = None
    representative: Mapping[str, str] | None = field(default=None, repr=False)
    face: str = ""
    fingers: str = ""
    fingers_note: str = field(default="", repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    has_contacts: bool = False
    is_phone_unsure: bool = False
    consented_at: str = ""

    @property
    def person(self) -> RegisteredPerson | None:
        """Return who this is by the registry, once it was asked."""
        return PersonRecord.from_json(self.record).person if self.record else None

    @property
    def compared(self) -> tuple[Compared, ...]:
        """Return card and registry side by side; nothing without both."""
        person = self.person
        if person is None or self.holder is None:
            return ()
        return in_person.compare(self.holder, person)

    @property
    def reasons_to_wait(self) -> tuple[str, ...]:
        """Return why another officer has to decide."""
        return in_person.reasons_to_wait(
            self.path,
            self.compared,
            face=self.face,
            fingers=self.fingers,
            is_stale=self.is_stale,
            is_phone_unsure=self.is_phone_unsure,
        )

    def needs_representative(self, today: date, config: Config) -> bool:
        """Say whether somebody has to answer for this person."""
        person = self.person
        return person is not None and in_person.needs_representative(
            person, today, config.enrolment
        )

    def steps(self, today: date, config: Config) -> tuple[tuple[str, bool], ...]:
        """Return the steps of this draft in order, and which are done."""
        done = {
            "shown": bool(self.holder if self.path == "card" else self.name),
            "registry": self.is_compared,
            "representative": bool(
                self.representative and self.representative.get("proven")
            ),
            "proof": bool(self.face and self.fingers),
            "contacts": self.has_contacts,
            "agreement": bool(self.consented_at),
        }
        skipped = (
            () if self.needs_representative(today, config) else ("representative",)
        )
        return tuple((name, done[name]) for name in STEPS if name not in skipped)

    def next_step(self, today: date, config: Config) -> str:
        """Return the first step that is not done, `summary` after the last."""
        steps = self.steps(today, config)
        return next((name for name, is_done in steps if not is_done), "summary")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the draft that was stored."""
        return cls(**value)


def new_draft(*, officer: str, session: str, path: Path, number: str) -> Draft:
    """Return an empty draft under a random name."""
    return Draft(
        id=secrets.token_urlsafe(16),
        officer=officer,
        session=session,
        path=path,
        number=number,
    )


def save(services: Services, draft: Draft) -> None:
    """Keep the draft; its time begins anew."""
    _put(services, _key("desk-draft", draft.id), json.dumps(asdict(draft)).encode())


def load(services: Services, draft_id: str, *, officer: str, session: str) -> Draft:
    """Return the officer's own draft of this session; raises `DraftError`."""
    raw = _get(services, _key("desk-draft", draft_id))
    draft = Draft.from_json(json.loads(raw)) if raw else None
    if draft is None or (draft.officer, draft.session) != (officer, session):
        raise DraftError("no such draft in this session")
    return draft


def drop(services: Services, draft: Draft) -> None:
    """Forget the draft and its pictures."""
    for kind in ("desk-draft", "desk-chip", "desk-photo"):
        services.ephemeral.drop(_key(kind, draft.id))


def save_picture(services: Services, draft: Draft, kind: Picture, image: bytes) -> None:
    """Keep one of the two pictures beside the draft."""
    _put(services, _key(f"desk-{kind}", draft.id), image)


def load_picture(services: Services, draft: Draft, kind: Picture) -> bytes | None:
    """Return the picture, if it was taken."""
    return _get(services, _key(f"desk-{kind}", draft.id))


def _put(services: Services, key: str, raw: bytes) -> None:
    sealed = services.sealer.seal(raw, context=key)
    ttl = services.config.enrolment.draft_lifetime
    services.ephemeral.put(key, {"sealed": b64encode(sealed).decode()}, ttl=ttl)


def _get(services: Services, key: str) -> bytes | None:
    kept = services.ephemeral.get(key)
    if kept is None:
        return None
    return services.sealer.open(b64decode(kept["sealed"]), context=key)


def _key(kind: str, draft_id: str) -> str:
    return f"{kind}:{hashlib.sha256(draft_id.encode()).hexdigest()}"
