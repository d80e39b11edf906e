"""The look-up by which an officer opens one account: with a purpose and a reason.

An unknown number, one of another place and a receipt of nobody answer the same. Every
look is on the citizen's own chain with the reason, and a day has an end of them.
"""

from uuid import UUID

from idp.accounts import identifiers, places
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.accounts.standing import read_standing
from idp.enrolment import queue
from idp.staff import cases, look_ups, own_case
from idp.staff.officer import Officer
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

LONGEST = 500
FIELDS = ("number", "purpose", "reason")
PURPOSES = {
    "hotline": phrase("the holder calls or stands here"),
    "security": phrase("a security case"),
    "lock": phrase("a request to lock or unlock"),
    "complaint": phrase("a complaint"),
    "inspection": phrase("an inspection"),
}


def trimmed(typed: dict[str, str]) -> dict[str, str]:
    """Return what was typed, no longer than it may be."""
    return {name: text.strip()[:LONGEST] for name, text in typed.items()}


def open_account(
    here: Visit, officer: Officer, typed: dict[str, str]
) -> UUID | Problem:
    """Open one account to this officer for a while; the look is written down first."""
    for name, is_right in (
        ("number", bool(typed["number"])),
        ("purpose", typed["purpose"] in PURPOSES),
        ("reason", bool(typed["reason"])),
    ):
        if not is_right:
            return notice("DD-AUTH-006").at(name, gettext("Fill in this field"))
    provider = here.provider
    if not provider.throttle.admit_today("look_up", subject=str(officer.id)).allowed:
        return notice("DD-STAFF-011")
    account_id = _look_up(here, officer, typed)
    if account_id is None:
        return notice("DD-STAFF-009").at("number", gettext("Look at the number"))
    return cases.begin(
        provider.ephemeral,
        officer,
        account_id,
        typed["purpose"],
        lifetime=provider.config.staff.case,
    )


def _look_up(here: Visit, officer: Officer, typed: dict[str, str]) -> UUID | None:
    """Note the look and return the account, if it is there and of the unit's place."""
    provider, number = here.provider, _number(here, typed["number"])
    with provider.database.transaction() as database:
        if number is not None:
            found = identifiers.find_account_id(database, provider.sealer, number)
        else:
            dossier = queue.find_by_receipt(database, typed["number"])
            found = dossier.account_id if dossier else None
        numbers = (number,) if number else ()
        stores = (database, provider.sealer)
        own_case.refuse(*stores, officer, found, numbers=numbers, now=here.now)
        look_ups.note(
            database,
            provider.audit,
            officer,
            found or number,
            typed["purpose"],
            here.now,
            because=typed["reason"],
        )
        if found is None or read_standing(database, found).state == "closed":
            return None
        province = places.read_province(database, found)
    return found if officer.unit.serves(province) else None


def _number(here: Visit, text: str) -> str | None:
    sandbox = here.provider.config.sandbox.enabled
    try:
        return identifiers.parse_personal_number(text, sandbox=sandbox, now=here.now)
    except InvalidPersonalNumberError:
        return None
