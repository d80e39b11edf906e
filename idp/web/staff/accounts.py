"""Officers find one account, by its number and with a reason; nobody browses."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.locks import requests
from idp.locks.requests import NewRequest
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, account_view, finding, frame, kept
from idp.web.staff.account_view import TAB
from idp.web.visit import Visit

blueprint = Blueprint("staff_accounts", __name__)

ROLES = ("hotline", "security", "lock_officer")
_FIND = "accounts"
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
    typed = finding.trimmed(here.check(purpose, *finding.FIELDS))
    found = finding.open_account(here, officer, typed)
    if isinstance(found, Problem):
        return _form(here, officer, typed, found)
    return redirect(url_for("staff_accounts.one", case=found), HTTPStatus.SEE_OTHER)


@blueprint.get("/staff/accounts/<uuid:case>")
def one(case: UUID) -> ResponseReturnValue:
    """Show the account that was found: where it stands, and what may be done."""
    here, officer = access.enter(request.path, *ROLES)
    if isinstance(officer, Response):
        return officer
    return account_view.page(here, officer, case, kept.take(here, officer))


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
        purposes={name: gettext(text) for name, text in finding.PURPOSES.items()},
        longest=finding.LONGEST,
        token=here.token(access.purpose(officer, _FIND)),
    )
