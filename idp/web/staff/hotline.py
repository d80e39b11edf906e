"""The hotline opens the time to activate again (Decree 69/2024 art. 14).

The operator asks the caller and types what is heard; the page says only whether all of
it is right, so that no operator reads a citizen's data, and none ever sees a code: the
code still goes to the registered phone alone.
"""

import re
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers, identity
from idp.accounts.contacts import InvalidContactError
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.accounts.lifecycle import LifecycleError
from idp.enrolment import activation
from idp.enrolment.activation import Candidate
from idp.factors import notices
from idp.registry.port import same_birth, same_name
from idp.staff import look_ups
from idp.staff.officer import Officer
from idp.web import proofs
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_hotline", __name__)

ROLE = "hotline"
_FIELDS = ("personal_number", "full_name", "birth_date", "phone")
_PURPOSE = "hotline"
_MAX_TYPED = 120
_DAY = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")


@blueprint.get("/staff/hotline")
def show() -> ResponseReturnValue:
    """Show what is to be asked."""
    here, officer = access.enter(request.path, ROLE)
    return officer if isinstance(officer, Response) else _page(here, officer)


@blueprint.post("/staff/hotline")
def open_window() -> ResponseReturnValue:
    """Open the time again if every answer is right; the look-up is noted anyhow."""
    here, officer = access.fresh(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, _PURPOSE), *_FIELDS)
    typed = {name: text.strip()[:_MAX_TYPED] for name, text in typed.items()}
    number, problem = _number(here, typed["personal_number"])
    if problem:
        return _page(here, officer, typed, problem)
    index = identifiers.number_index(here.provider.sealer, number).hex()
    admission = here.provider.throttle.admit(
        "otp", subject=f"hotline:{index}", source=None, device=None
    )
    if not admission.allowed:
        return _page(here, officer, {}, proofs.too_many(admission.retry_after))
    account_id = _look_up(here, officer, number, typed)
    if account_id is None or not _permit(here, officer, account_id):
        return _page(here, officer, typed, notice("DD-ACT-003"))
    here.provider.throttle.succeeded(admission)
    return redirect(url_for("staff_hotline.show", done="window"), HTTPStatus.SEE_OTHER)


def _number(here: Visit, typed: str) -> tuple[str, Problem | None]:
    sandbox = here.provider.config.sandbox.enabled
    try:
        found = identifiers.parse_personal_number(typed, sandbox=sandbox, now=here.now)
    except InvalidPersonalNumberError:
        mend = gettext("Type the caller's 12-digit personal number")
        return "", notice("DD-AUTH-006").at("personal_number", mend)
    return found, None


def _look_up(
    here: Visit, officer: Officer, number: str, typed: dict[str, str]
) -> UUID | None:
    """Note the look-up, and return the account if every answer is right."""
    provider = here.provider
    with provider.database.transaction() as database:
        found = activation.find(database.connection(), provider.sealer, number)
        account_id = found.account_id if found else None
        look_ups.note(
            database, provider.audit, officer, account_id, "activation", here.now
        )
        if found is None or found.state != "granted":
            return None
        who = identity.read_identity(database, provider.sealer, found.account_id)
    is_right = (
        same_name(who.full_name, typed["full_name"])
        and same_birth(who.birth_date, _birth_date(typed["birth_date"]))
        and _is_phone(found, typed["phone"])
    )
    return found.account_id if is_right else None


def _permit(here: Visit, officer: Officer, account_id: UUID) -> bool:
    provider = here.provider
    try:
        with provider.database.transaction() as database:
            known = contacts.read_contacts(database, provider.sealer, account_id)
            activation.permit(
                provider,
                database,
                account_id,
                officer_id=officer.id,
                unit_id=officer.unit.id,
                now=here.now,
            )
    except LifecycleError:
        return False
    notices.warn(provider, known, "window_opened", here.now)
    return True


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


def _page(
    here: Visit,
    officer: Officer,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    activations = here.provider.config.activation
    return frame.page(
        here,
        officer,
        "hotline",
        gettext("Open the time to activate again"),
        tab="staff_hotline.show",
        problem=problem,
        typed=typed or {},
        days=activations.window_days,
        hours=max(1, activations.permit // 3600),
        token=here.token(access.purpose(officer, _PURPOSE)),
    )
