"""Officers find one account, by its number and with a reason; nobody browses.

An unknown number, one of another place and a receipt of nobody answer the same. Every
look is on the citizen's own chain with the reason, and a day has an end of them.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.accounts.standing import read_standing
from idp.enrolment import places, receipts
from idp.enrolment.receipts import InvalidReceiptError
from idp.locks import requests
from idp.locks.requests import NewRequest
from idp.staff import cases, look_ups, own_case
from idp.staff.officer import Officer
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.staff import access, account_view, frame
from idp.web.staff.account_view import TAB
from idp.web.visit import Visit

blueprint = Blueprint("staff_accounts", __name__)

ROLES = ("hotline", "security", "lock_officer")
_FIND = "accounts"
LONGEST = 500
PURPOSES = {
    "hotline": phrase("the holder calls or stands here"),
    "security": phrase("a security case"),
    "lock": phrase("a request to lock or unlock"),
    "complaint": phrase("a complaint"),
    "inspection": phrase("an inspection"),
}
_LETTER = {"authority": 200, "document": 64, "matter": requests.MAX_TEXT}


@blueprint.get("/staff/accounts")
def show() -> ResponseReturnValue:
    """Ask whose account, and why."""
    here, officer = access.enter(request.path, *ROLES)
    return officer if isinstance(officer, Response) else _form(here, officer)


@blueprint.post("/staff/accounts")
def find() -> ResponseReturnValue:
    """Open one account to this officer for a while; the look is written down first."""
    here, officer = access.enter(request.path, *ROLES)
    if isinstance(officer, Response):
        return officer
    purpose = access.purpose(officer, _FIND)
    typed = here.check(purpose, "number", "purpose", "reason")
    typed = {name: text.strip()[:LONGEST] for name, text in typed.items()}
    for name, is_right in (
        ("number", bool(typed["number"])),
        ("purpose", typed["purpose"] in PURPOSES),
        ("reason", bool(typed["reason"])),
    ):
        if not is_right:
            wrong = notice("DD-AUTH-006").at(name, gettext("Fill in this field"))
            return _form(here, officer, typed, wrong)
    if not here.provider.throttle.admit_today(
        "look_up", subject=str(officer.id)
    ).allowed:
        return _form(here, officer, typed, notice("DD-STAFF-011"))
    account_id = _look_up(here, officer, typed)
    if account_id is None:
        unknown = notice("DD-STAFF-009").at("number", gettext("Look at the number"))
        return _form(here, officer, typed, unknown)
    case_id = cases.begin(
        here.provider.ephemeral,
        officer,
        account_id,
        typed["purpose"],
        lifetime=here.provider.config.staff.case,
    )
    return redirect(url_for("staff_accounts.one", case=case_id), HTTPStatus.SEE_OTHER)


@blueprint.get("/staff/accounts/<uuid:case>")
def one(case: UUID) -> ResponseReturnValue:
    """Show the account that was found: where it stands, and what may be done."""
    here, officer = access.enter(request.path, *ROLES)
    if isinstance(officer, Response):
        return officer
    return account_view.page(here, officer, case)


@blueprint.post("/staff/accounts/<uuid:case>/letters")
def enter_letter(case: UUID) -> ResponseReturnValue:
    """Keep a letter that asks to lock or unlock; two officers decide as ever."""
    page = url_for("staff_accounts.one", case=case)
    here, officer = access.fresh(page, account_view.LOCK_ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, f"letter:{case}"), "wish", *_LETTER)
    typed = {name: text.strip() for name, text in typed.items()}
    account_id = account_view.open_case(here, officer, case)
    with here.provider.database.read() as connection:
        wishes = account_view.wishes(connection, account_id)
    missing = [name for name in _LETTER if not typed[name]]
    if typed["wish"] not in wishes or missing:
        field = "wish" if typed["wish"] not in wishes else missing[0]
        wrong = notice("DD-AUTH-006").at(field, gettext("Fill in this field"))
        return account_view.page(here, officer, case, typed, wrong)
    change, _, ground = typed["wish"].partition(":")
    new = NewRequest(
        account_id=account_id,
        change="lock" if change == "lock" else "unlock",
        ground=ground,
        entered_by=officer.id,
        **{name: typed[name][:length] for name, length in _LETTER.items()},
    )
    with here.provider.database.transaction() as database:
        request_id = requests.enter(here.provider, database, new, now=here.now)
    address = url_for("staff_locks.detail", request_id=request_id, done="entered")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _look_up(here: Visit, officer: Officer, typed: dict[str, str]) -> UUID | None:
    """Note the look and return the account, if it is there and of the unit's place."""
    provider, number = here.provider, _number(here, typed["number"])
    with provider.database.transaction() as database:
        if number is not None:
            found = identifiers.find_account_id(database, provider.sealer, number)
        else:
            found = places.account_of_receipt(database, _receipt(typed["number"]))
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
        province = places.province_of(database, found)
    return found if officer.unit.serves(province) else None


def _number(here: Visit, text: str) -> str | None:
    sandbox = here.provider.config.sandbox.enabled
    try:
        return identifiers.parse_personal_number(text, sandbox=sandbox, now=here.now)
    except InvalidPersonalNumberError:
        return None


def _receipt(text: str) -> str:
    try:
        return receipts.parse_receipt(text)
    except InvalidReceiptError:
        return ""


def _form(
    here: Visit,
    officer: Officer,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    return frame.page(
        here,
        officer,
        "accounts",
        gettext("Find an account"),
        tab=TAB,
        problem=problem,
        typed=typed or {},
        purposes={name: gettext(text) for name, text in PURPOSES.items()},
        longest=LONGEST,
        token=here.token(access.purpose(officer, _FIND)),
    )
