"""One row of a file to import, checked as a dossier is that comes any other way.

What is refused is named by a stable code (`REASONS`); neither a code nor a sentence
repeats a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from idp.accounts.ages import age_on
from idp.accounts.calendar import HANOI
from idp.accounts.contacts import InvalidContactError, parse_email, parse_phone
from idp.accounts.identifiers import (
    InvalidPersonalNumberError,
    parse_personal_number,
)
from idp.accounts.identity import Identity, InvalidIdentityError, parse_identity
from idp.config.enrolment import EnrolmentConfig
from idp.enrolment.record import NewDossier
from idp.errors import IdpError

State = Literal["submitted", "granted", "active"]
REASONS = {
    "DD-IMP-001": "The row cannot be read, or does not have the header's columns.",
    "DD-IMP-002": "The personal number is none that was ever issued.",
    "DD-IMP-003": "Name, birth date, gender or document are missing or malformed.",
    "DD-IMP-004": "The phone is no Vietnamese mobile number.",
    "DD-IMP-005": "The e-mail address is malformed.",
    "DD-IMP-006": "Level or state is none of those that can be imported.",
    "DD-IMP-007": "A moment lacks its offset, lies ahead, or contradicts the state.",
    "DD-IMP-008": "The external id is missing or longer than 64 characters.",
    "DD-IMP-009": "The person cannot have this level at this age (Decree 69 art. 7).",
    "DD-IMP-010": "The personal number belongs to an account already.",
    "DD-IMP-011": "The phone belongs to an account already.",
    "DD-IMP-012": "The external id was imported already.",
    "DD-IMP-013": "The row is longer than imports.max_row_bytes.",
    "DD-IMP-014": "The representative's personal number is none that was ever issued.",
}
REQUIRED = ("external_id", "personal_number", "given_name", "birth_date", "gender")
OPTIONAL = (
    "family_name",
    "middle_name",
    "nationality",
    "ethnicity",
    "birth_place",
    "origin",
    "document_type",
    "document_number",
    "document_issued_on",
    "document_expires_on",
    "document_issuer",
    "phone",
    "email",
    "level",
    "state",
    "province_code",
    "submitted_at",
    "granted_at",
    "activated_at",
    "representative_number",
)
STATES: tuple[State, ...] = ("submitted", "granted", "active")
_DOCUMENT = tuple(
    (name, f"document_{name}")
    for name in ("type", "number", "issued_on", "expires_on", "issuer")
)
_IDENTITY = (
    "given_name",
    "family_name",
    "middle_name",
    "birth_date",
    "gender",
    "nationality",
    "ethnicity",
    "birth_place",
    "origin",
)
_MAX_EXTERNAL_ID = 64
_MAX_PROVINCE = 8
_HOME = "VN"


class RefusedRowError(IdpError):
    """A row is not taken; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row that is sound in itself: a dossier, and the state that it has reached."""

    new: NewDossier
    level: int
    state: State
    submitted_at: datetime
    granted_at: datetime | None
    activated_at: datetime | None
    representative: str | None


def read_row(
    row: Mapping[str, str],
    config: EnrolmentConfig,
    *,
    sandbox: bool,
    now: datetime,
) -> ReadRow:
    """Return a row's dossier, or raise `RefusedRowError`."""
    external_id = row["external_id"]
    if not 0 < len(external_id) <= _MAX_EXTERNAL_ID:
        raise RefusedRowError("DD-IMP-008")
    number = _number(row["personal_number"], "DD-IMP-002", sandbox=sandbox, now=now)
    helper = row.get("representative_number")
    representative = (
        _number(helper, "DD-IMP-014", sandbox=sandbox, now=now) if helper else None
    )
    identity = _identity(row)
    level, state = _standing(row)
    submitted, granted, activated = _moments(row, state, now)
    new = NewDossier(
        kind=_kind(identity, level, submitted, config),
        channel="import",
        identity=identity,
        number=number,
        phone=_contact(parse_phone, row.get("phone"), "DD-IMP-004"),
        email=_contact(parse_email, row.get("email"), "DD-IMP-005"),
        evidence={"representative_number": representative} if representative else {},
        province_code=row.get("province_code", "")[:_MAX_PROVINCE] or None,
        external_id=external_id,
    )
    return ReadRow(new, level, state, submitted, granted, activated, representative)


def _number(text: str, code: str, *, sandbox: bool, now: datetime) -> str:
    try:
        return parse_personal_number(text, sandbox=sandbox, now=now)
    except InvalidPersonalNumberError:
        raise RefusedRowError(code) from None


def _identity(row: Mapping[str, str]) -> Identity:
    values: dict[str, Any] = {name: row[name] for name in _IDENTITY if row.get(name)}
    document = {name: row.get(column) or None for name, column in _DOCUMENT}
    if any(document.values()):
        if not all(document[name] for name in document if name != "expires_on"):
            raise RefusedRowError("DD-IMP-003")
        values["document"] = document
    try:
        return parse_identity(values)
    except InvalidIdentityError:
        raise RefusedRowError("DD-IMP-003") from None


def _standing(row: Mapping[str, str]) -> tuple[int, State]:
    level, state = row.get("level") or "1", row.get("state") or "submitted"
    if level not in ("1", "2") or state not in STATES:
        raise RefusedRowError("DD-IMP-006")
    return int(level), state


def _moments(
    row: Mapping[str, str], state: State, now: datetime
) -> tuple[datetime, datetime | None, datetime | None]:
    """Return when it was submitted, granted and activated, as far as it was."""
    submitted = _moment(row, "submitted_at") or now
    granted = _moment(row, "granted_at")
    activated = _moment(row, "activated_at")
    if state == "submitted" and (granted or activated):
        raise RefusedRowError("DD-IMP-007")
    if state == "granted" and activated:
        raise RefusedRowError("DD-IMP-007")
    if state != "submitted":
        granted = granted or now
    if state == "active":
        activated = activated or max(now, granted or now)
    known = [moment for moment in (submitted, granted, activated) if moment]
    if sorted(known) != known or known[-1] > now:
        raise RefusedRowError("DD-IMP-007")
    return submitted, granted, activated


def _moment(row: Mapping[str, str], name: str) -> datetime | None:
    text = row.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedRowError("DD-IMP-007") from None
    if moment.tzinfo is None:
        raise RefusedRowError("DD-IMP-007")
    return moment


def _contact(parse: Any, text: str | None, code: str) -> str | None:
    if not text:
        return None
    try:
        parsed: str = parse(text)
    except InvalidContactError:
        raise RefusedRowError(code) from None
    return parsed


def _kind(
    identity: Identity, level: int, submitted: datetime, config: EnrolmentConfig
) -> str:
    """Return the kind of dossier by whom it is for (Decree 69/2024 art. 7)."""
    age = _age(identity.birth_date, submitted)
    if level == 2 and age < config.child_from_age:
        raise RefusedRowError("DD-IMP-009")
    if identity.nationality != _HOME:
        return f"level{level}_foreigner"
    return f"level{level}_child" if age < config.own_from_age else f"level{level}"


def _age(birth_date: str, submitted: datetime) -> int:
    """Return the completed years at the submission, or refuse a day that never was."""
    day = submitted.astimezone(HANOI).date()
    try:
        if len(birth_date) > len("YYYY"):
            date.fromisoformat(birth_date)
    except ValueError:
        raise RefusedRowError("DD-IMP-003") from None
    if birth_date > day.isoformat():  # a year alone compares as a beginning does
        raise RefusedRowError("DD-IMP-003")
    return age_on(birth_date, day)
