"""What the hotline asks every caller, and whether all of it is right.

The operator asks the caller and types what is heard; a page says only whether every
answer is right, so that no operator reads a citizen's data.
"""

import re
from dataclasses import dataclass

from idp.accounts import contacts, identifiers, identity
from idp.accounts.contacts import InvalidContactError
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.enrolment import activation
from idp.enrolment.activation import Candidate
from idp.factors.throttle import Admission
from idp.registry.port import same_birth, same_name
from idp.staff import look_ups, own_case
from idp.staff.officer import Officer
from idp.web import proofs
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

ROLE = "hotline"
FIELDS = ("personal_number", "full_name", "birth_date", "phone")
_MAX_TYPED = 120
_DAY = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a caller said, and the try that was counted for the number."""

    typed: dict[str, str]
    number: str
    admission: Admission


def trimmed(typed: dict[str, str]) -> dict[str, str]:
    """Return what was typed, no longer than it may be."""
    return {name: text.strip()[:_MAX_TYPED] for name, text in typed.items()}


def read(here: Visit, typed: dict[str, str]) -> Answers | Problem:
    """Count the try, whatever it is for, or return what stands against it."""
    sandbox = here.provider.config.sandbox.enabled
    text = typed["personal_number"]
    try:
        number = identifiers.parse_personal_number(text, sandbox=sandbox, now=here.now)
    except InvalidPersonalNumberError:
        mend = gettext("Type the caller's 12-digit personal number")
        return notice("DD-AUTH-006").at("personal_number", mend)
    index = identifiers.number_index(here.provider.sealer, number).hex()
    admission = here.provider.throttle.admit(
        "otp", subject=f"hotline:{index}", source=None, device=None
    )
    if not admission.allowed:
        return proofs.too_many(admission.retry_after)
    return Answers(typed, number, admission)


def look_up(
    here: Visit, officer: Officer, answers: Answers, *, purpose: str, state: str
) -> Candidate | None:
    """Note the look-up; return the account in this state if every answer is right."""
    provider, typed = here.provider, answers.typed
    with provider.database.transaction() as database:
        found = activation.find(database.connection(), provider.sealer, answers.number)
        account_id = found.account_id if found else None
        own_case.refuse(database, provider.sealer, officer, account_id, now=here.now)
        whose = account_id or answers.number
        look_ups.note(database, provider.audit, officer, whose, purpose, here.now)
        if found is None or found.state != state:
            return None
        who = identity.read_identity(database, provider.sealer, found.account_id)
    is_right = (
        same_name(who.full_name, typed["full_name"])
        and same_birth(who.birth_date, _birth_date(typed["birth_date"]))
        and _is_phone(found, typed["phone"])
    )
    return found if is_right else None


def _birth_date(typed: str) -> str:
    """Return a date as the account has it: ISO, or the year alone."""
    day = _DAY.fullmatch(typed)
    if day:
        return f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    return typed if _YEAR.fullmatch(typed) else ""


def _is_phone(found: Candidate, typed: str) -> bool:
    try:
        return contacts.parse_phone(typed) == found.phone
    except InvalidContactError:
        return False
