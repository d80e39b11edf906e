"""The hotline opens the time to activate again (Decree 69/2024 art. 14).

No operator ever sees a code: it still goes to the registered phone alone.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.accounts.lifecycle import LifecycleError
from idp.enrolment import activation
from idp.factors import notices
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, hotline_answers, kept
from idp.web.staff.hotline_answers import FIELDS, ROLE
from idp.web.visit import Visit

blueprint = Blueprint("staff_hotline", __name__)

_PURPOSE = "hotline"


@blueprint.get("/staff/hotline")
def show() -> ResponseReturnValue:
    """Show what is to be asked."""
    here, officer = access.enter(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer, kept.take(here, officer))


@blueprint.post("/staff/hotline")
def open_window() -> ResponseReturnValue:
    """Open the time again if every answer is right; the look-up is noted anyhow."""
    here, officer = access.fresh(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, _PURPOSE), *FIELDS)
    typed = hotline_answers.trimmed(typed)
    answers = hotline_answers.read(here, typed)
    if isinstance(answers, Problem):
        return _page(here, officer, typed, answers)
    found = hotline_answers.look_up(
        here, officer, answers, purpose="activation", state="granted"
    )
    if found is None or not _permit(here, officer, found.account_id):
        return _page(here, officer, typed, notice("DD-ACT-003"))
    here.provider.throttle.succeeded(answers.admission)
    return redirect(url_for("staff_hotline.show", done="window"), HTTPStatus.SEE_OTHER)


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
        hours=max(1, activations.permit // 3600),
        token=here.token(access.purpose(officer, _PURPOSE)),
    )
