"""The desk's first page: scan or type the number, and say what the person shows."""

from dataclasses import replace

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.enrolment import in_person, in_person_draft, in_person_scan
from idp.enrolment.in_person import Path
from idp.provider import current
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, desk_here, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_desk", __name__)

_FORM = "start"


@blueprint.get("/staff/desk")
def start() -> ResponseReturnValue:
    """Ask for the number, by scanner or by hand."""
    here, officer = access.enter(url_for(desk_here.HOME), desk_here.ROLE)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer)


@blueprint.post("/staff/desk")
def begin() -> ResponseReturnValue:
    """Open a draft for the person, and lead to its first step."""
    here, officer = access.enter(url_for(desk_here.HOME), desk_here.ROLE)
    if isinstance(officer, Response):
        return officer
    fields = here.check(desk_here.purpose(officer, _FORM), "scan", "path")
    scanned = in_person_scan.read_scan(fields["scan"])
    path = _path(fields["path"])
    if path is None:
        missing = notice("DD-AUTH-006").at("path-card", gettext("Choose one"))
        return _page(here, officer, fields["scan"], missing)
    try:
        number = identifiers.parse_personal_number(
            scanned.unverified_number,
            sandbox=current().config.sandbox.enabled,
            now=here.now,
        )
    except InvalidPersonalNumberError:
        wrong = notice("DD-AUTH-006").at(
            "scan", gettext("Scan the card's QR code, or type the 12 digits")
        )
        return _page(here, officer, fields["scan"], wrong)
    draft = in_person_draft.new_draft(
        officer=str(officer.id),
        session=str(officer.session_id),
        path=path,
        number=number,
    )
    # What a scan says only fills the next form in: nobody signed it.
    draft = replace(
        draft, scanned={"name": scanned.name, "birth_date": scanned.birth_date}
    )
    in_person_draft.save(current(), draft)
    return desk_here.lead(url_for("staff_desk.show", draft_id=draft.id))


@blueprint.get("/staff/desk/<draft_id>")
def show(draft_id: str) -> ResponseReturnValue:
    """Lead to the draft's next step."""
    here = desk_here.enter(draft_id)
    return here if isinstance(here, Response) else here.on()


@blueprint.post("/staff/desk/<draft_id>/leave")
def leave(draft_id: str) -> ResponseReturnValue:
    """Forget the draft: the person left, or it was begun by mistake."""
    here = desk_here.enter(draft_id)
    if isinstance(here, Response):
        return here
    here.check("leave")
    in_person_draft.drop(here.provider, here.draft)
    return desk_here.lead(url_for(desk_here.HOME))


def _path(text: str) -> Path | None:
    return next((path for path in in_person.PATHS if path == text), None)


def _page(
    here: Visit, officer: Officer, scan: str = "", problem: Problem | None = None
) -> Response:
    return frame.page(
        here,
        officer,
        "desk/start",
        gettext("Enrol a person at level 2"),
        problem=problem,
        action=url_for("staff_desk.begin"),
        token=here.token(desk_here.purpose(officer, _FORM)),
        days=here.provider.config.enrolment,
        scan=scan[: in_person_scan.MAX_TEXT],
    )
