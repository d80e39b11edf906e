"""Identity data of an account, sealed as one document that only its row can open."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from types import NoneType
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts import papers
from idp.accounts.models import Account
from idp.errors import IdpError, NotFoundError
from keys.sealing import Sealer

GENDERS = ("male", "female", "unknown")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_BIRTH_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))?")


class InvalidIdentityError(IdpError):
    """Identity data lacks a part or has one of the wrong form."""

    code = "DD-ACC-006"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDocument:
    """The paper that established the identity: `can_cuoc`, `passport` and so on."""

    type: str
    number: str
    issued_on: str
    expires_on: str | None
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a person is (Decree 69/2024 art. 7).

    `family_name` is họ, `middle_name` chữ đệm, `given_name` tên; a person with one
    name has it as `given_name`. `birth_date` is a year or a full ISO date, since
    year-only births exist. `nationality` is ISO 3166-1 alpha-2. `proofed_on` is the
    day on which an officer or the registries confirmed it all.
    """

    given_name: str
    family_name: str = ""
    middle_name: str = ""
    birth_date: str
    gender: str
    nationality: str = "VN"
    ethnicity: str | None = None
    birth_place: str | None = None
    origin: str | None = None
    document: IdentityDocument | None = None
    proofed_on: str | None = None

    @property
    def full_name(self) -> str:
        """Return the name in Vietnamese order: họ, chữ đệm, tên."""
        parts = (self.family_name, self.middle_name, self.given_name)
        return " ".join(part for part in parts if part)

    @property
    def masked_name(self) -> str:
        """Return family name and initials, enough to recognise and no more."""
        family, *others = self.full_name.split()
        return " ".join([family, *(f"{part[0]}." for part in others)])


_NAMES = Identity.__slots__
_DOCUMENT_NAMES = IdentityDocument.__slots__
_KNOWN = frozenset(_NAMES)
_OWN = attrgetter(*_NAMES)
_OF_DOCUMENT = attrgetter(*_DOCUMENT_NAMES)
_TYPES = {str, IdentityDocument, NoneType}
# Whoever an erased account once named; the row stays, and wants an identity.
NOBODY = Identity(given_name="–", birth_date="1900", gender="unknown")


def identity_values(identity: Identity) -> dict[str, Any]:
    """Return what is known of the identity as JSON values, made at little cost."""
    known = zip(_NAMES, _OWN(identity), strict=True)
    values = {name: value for name, value in known if value}
    if document := identity.document:
        parts = zip(_DOCUMENT_NAMES, _OF_DOCUMENT(document), strict=True)
        values["document"] = dict(parts)
    return values


def identity_text(identity: Identity) -> str:
    """Return `identity_values` as JSON."""
    return _encode(identity_values(identity))


def parse_identity(values: Mapping[str, Any]) -> Identity:
    """Build identity data from JSON or TOML values, refusing what is unknown."""
    if not _KNOWN.issuperset(values):
        unknown = ", ".join(sorted(values.keys() - _KNOWN))
        raise InvalidIdentityError(f"unknown members: {unknown}")
    parts = dict(values)
    try:
        document = parts.pop("document", None)
        if document is not None:
            parts["document"] = IdentityDocument(**document)
        identity = Identity(**parts)
    except TypeError as error:
        raise InvalidIdentityError("a member is missing or misplaced") from error
    _check(identity)
    return identity


def _check(identity: Identity) -> None:
    if not {type(value) for value in _OWN(identity)} <= _TYPES:
        raise InvalidIdentityError("members are strings")
    until = identity.document.expires_on if identity.document else None
    if until is not None and not _is_day(until):
        raise InvalidIdentityError("a document's end is a day")
    if not identity.given_name.strip():
        raise InvalidIdentityError("given_name is empty")
    if not _BIRTH_DATE.fullmatch(identity.birth_date):
        raise InvalidIdentityError("birth_date is YYYY or YYYY-MM-DD")
    if identity.gender not in GENDERS:
        raise InvalidIdentityError(f"gender is one of: {', '.join(GENDERS)}")


def seal_identity(sealer: Sealer, identity: Identity, account_id: UUID) -> bytes:
    """Seal identity data for this account's row."""
    text = identity_text(identity).encode()
    return sealer.seal(text, context=_context(account_id))


def open_identity(sealer: Sealer, sealed: bytes, account_id: UUID) -> Identity:
    """Open what `seal_identity` sealed for this account."""
    values = json.loads(sealer.open(sealed, context=_context(account_id)))
    document = values.pop("document", None)
    return Identity(
        **values, document=None if document is None else IdentityDocument(**document)
    )


def read_identity(
    connection: Connection | Session, sealer: Sealer, account_id: UUID
) -> Identity:
    """Return the account's identity data."""
    query = sa.select(Account.identity_sealed).where(Account.id == account_id)
    sealed = connection.execute(query).scalar_one_or_none()
    if sealed is None:
        raise NotFoundError("no such account")
    return open_identity(sealer, sealed, account_id)


def store_identity(
    session: Session,
    sealer: Sealer,
    account_id: UUID,
    identity: Identity,
    *,
    now: datetime,
) -> None:
    """Replace the account's identity data by what was proofed anew."""
    stored = session.execute(
        sa.update(Account)
        .where(Account.id == account_id)
        .values(
            identity_sealed=seal_identity(sealer, identity, account_id), updated_at=now
        )
        .returning(Account.id)
    ).all()
    if not stored:
        raise NotFoundError("no such account")
    learn_paper(session, account_id, identity, now=now)


def learn_paper(
    session: Session, account_id: UUID, identity: Identity, *, now: datetime
) -> None:
    """Keep until when the paper is good that established the identity."""
    paper = paper_of(identity)
    if paper is not None:
        papers.learn(session, account_id, *paper, now=now)


def paper_of(identity: Identity) -> tuple[papers.Kind, date | None] | None:
    """Return which paper established the identity, and its last day if it has one."""
    document = identity.document
    kind = papers.KINDS.get(document.type) if document else None
    if document is None or kind is None:
        return None
    until = document.expires_on
    return kind, date.fromisoformat(until) if until else None


def _is_day(text: object) -> bool:
    try:
        return bool(date.fromisoformat(str(text)))
    except ValueError:
        return False


def _context(account_id: UUID) -> str:
    return f"accounts.identity:{account_id}"
