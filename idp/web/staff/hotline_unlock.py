"""The hotline lets a holder open what they locked, after the same questions.

Law on Identification art. 34.1.a: the holder's own wish, and its end, are the holder's,
who proves more than any caller can say (`locks.hotline`). A lock on any other ground is
not the hotline's, and nothing is said of it.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, lifecycle
from idp.factors import notices
from idp.locks import hotline
from idp.locks.grounds import HOLDER_REQUEST
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, hotline_answers, kept
from idp.web.staff.hotline_answers import FIELDS, ROLE
from idp.web.visit import Visit

blueprint = Blueprint("staff_hotline_unlock", __name__)

_PURPOSE = "hotline-unlock"


@blueprint.get("/staff/hotline/unlock")
def show() -> ResponseReturnValue:
    """Show what is to be asked."""
    here, officer = access.enter(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer, kept.take(here, officer))


@blueprint.post("/staff/hotline/unlock")
def permit() -> ResponseReturnValue:
    """Let the holder open it if every answer is right; the look-up is noted anyhow."""
    here, officer = access.fresh(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, _PURPOSE), *FIELDS)
    typed = hotline_answers.trimmed(typed)
    answers = hotline_answers.read(here, typed)
    if isinstance(answers, Problem):
        return _page(here, officer, typed, answers)
    found = hotline_answers.look_up(
        here, officer, answers, purpose="hotline", state="active"
    )
    if found is None or not _permit(here, officer, found.account_id):
        return _page(here, officer, typed, notice("DD-LOCK-007"))
    here.provider.throttle.succeeded(answers.admission)
    address = url_for("staff_hotline_unlock.show", done="unlock-permitted")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _permit(here: Visit, officer: Officer, account_id: UUID) -> bool:
    """Keep the word where the holder alone has locked; say whether that was so."""
    provider = here.provider
    with provider.database.transaction() as database:
        lifecycle.hold(database, account_id, now=here.now)
        if lifecycle.live_locks(database, account_id) != (HOLDER_REQUEST,):
            return False
        known = contacts.read_contacts(database, provider.sealer, account_id)
        hotline.permit(
            database,
            provider.audit,
            account_id,
            officer_id=officer.id,
            unit_id=officer.unit.id,
            lifetime=provider.config.locks.hotline_permit,
            now=here.now,
        )
    notices.warn(provider, known, "unlock_permitted", here.now)
    return True


def _page(
    here: Visit,
    officer: Officer,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    return frame.page(
        here,
        officer,
        "hotline_unlock",
        gettext("Let the holder unlock"),
        tab="staff_hotline_unlock.show",
        problem=problem,
        typed=typed or {},
        hours=max(1, here.provider.config.locks.hotline_permit // 3600),
        token=here.token(access.purpose(officer, _PURPOSE)),
    )
