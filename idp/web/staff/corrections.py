"""Holders' wishes for a correction: read by a reviewer, answered in words."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.rights import corrections
from idp.rights.corrections import Correction
from idp.rights.services import RightError
from idp.staff import look_ups
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_corrections", __name__)

ROLE = "reviewer"
_SHOWN = 50


@blueprint.get("/staff/corrections")
def show() -> ResponseReturnValue:
    """Show what waits; each look is on the holder's own chain."""
    here, officer = access.enter(request.path, ROLE)
    return officer if isinstance(officer, Response) else _page(here, officer)


@blueprint.post("/staff/corrections/<uuid:request_id>")
def answer(request_id: UUID) -> ResponseReturnValue:
    """Answer one; the holder reads it on their own page."""
    page = url_for("staff_corrections.show")
    here, officer = access.fresh(page, ROLE)
    if isinstance(officer, Response):
        return officer
    text = here.check(access.purpose(officer, f"correction:{request_id}"), "answer")
    if not text["answer"].strip():
        return _page(here, officer, notice("DD-AUTH-006"))
    provider = here.provider
    try:
        with provider.database.transaction() as database:
            corrections.answer(
                database,
                provider.audit,
                provider.sealer,
                request_id,
                text["answer"].strip(),
                officer_id=officer.id,
                now=here.now,
            )
    except RightError as error:
        return _page(here, officer, notice(error.code))
    return redirect(f"{page}?done=answered", HTTPStatus.SEE_OTHER)


def _page(here: Visit, officer: Officer, problem: Problem | None = None) -> Response:
    provider = here.provider
    with provider.database.transaction() as database:
        waiting = corrections.waiting(database.connection(), provider.sealer, _SHOWN)
        numbers = {}
        for item in waiting:
            look_ups.note(
                database,
                provider.audit,
                officer,
                item.account_id,
                "correction",
                here.now,
            )
            numbers[item.id] = identifiers.current_number(
                database, provider.sealer, item.account_id
            )
    return frame.page(
        here,
        officer,
        "corrections",
        gettext("Wishes for corrections"),
        problem=problem,
        tab="staff_corrections.show",
        longest=corrections.MAX_TEXT,
        rows=[_row(here, officer, item, numbers[item.id]) for item in waiting],
    )


def _row(
    here: Visit, officer: Officer, item: Correction, number: str
) -> dict[str, object]:
    return {
        "action": url_for("staff_corrections.answer", request_id=item.id),
        "id": str(item.id),
        "number": presentation.number_text(number),
        "text": item.text,
        "asked_at": presentation.moment_text(item.asked_at),
        "due_at": presentation.end_text(item.due_at),
        "is_overdue": here.now >= item.due_at,
        "token": here.token(access.purpose(officer, f"correction:{item.id}")),
    }
