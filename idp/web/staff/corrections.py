"""Holders' wishes for a correction: read by a reviewer, answered in words."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.errors import NotFoundError
from idp.rights import corrections
from idp.rights.corrections import Correction
from idp.rights.services import RightError
from idp.staff import look_ups, own_case
from idp.staff.errors import RoleError
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, paging
from idp.web.visit import Visit

blueprint = Blueprint("staff_corrections", __name__)

ROLE = "reviewer"
_SHOWN = 20


@blueprint.get("/staff/corrections")
def show() -> ResponseReturnValue:
    """Show what waits in the officer's province; each look is on the holder's chain."""
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
            _require(database, here, officer, request_id)
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


def _require(database: Any, here: Visit, officer: Officer, request_id: UUID) -> None:
    """Raise for a wish of another province, and for the officer's own affair."""
    sealer = here.provider.sealer
    found = corrections.find(database, sealer, request_id)
    if found is None:
        raise NotFoundError("no such wish")
    own_case.refuse(database, sealer, officer, found.account_id, now=here.now)
    if not officer.unit.serves(found.province_code):
        raise RoleError(detail="another province's wish")


def _page(here: Visit, officer: Officer, problem: Problem | None = None) -> Response:
    provider, page = here.provider, paging.number()
    due = "over" if request.args.get("due") == "over" else ""
    with provider.database.transaction() as database:
        waiting = corrections.waiting(
            database,
            provider.sealer,
            province_code=officer.unit.province_code,
            without=own_case.accounts(database, officer, now=here.now),
            due_by=here.now if due else None,
            offset=(page - 1) * _SHOWN,
            limit=_SHOWN + 1,  # one more says that there is a next page
        )
        numbers = {}
        for item in waiting[:_SHOWN]:
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
        rows=[_row(here, officer, one, numbers[one.id]) for one in waiting[:_SHOWN]],
        is_late_only=bool(due),
        pages=paging.pages(
            "staff_corrections.show", has_more=len(waiting) > _SHOWN, due=due
        ),
    )


def _row(
    here: Visit, officer: Officer, item: Correction, number: str
) -> dict[str, object]:
    return {
        "action": url_for("staff_corrections.answer", request_id=item.id),
        "id": str(item.id),
        "number": identifiers.mask_number(number),
        "text": item.text,
        "asked_at": presentation.moment_text(item.asked_at),
        "due_at": presentation.end_text(item.due_at),
        "is_overdue": here.now >= item.due_at,
        "token": here.token(access.purpose(officer, f"correction:{item.id}")),
    }
