"""Who is there without a chip: name and birth date, and a foreigner's paper."""

from dataclasses import replace

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from idp.enrolment import in_person
from idp.web.language import gettext
from idp.web.presentation import date_text
from idp.web.problem import Problem
from idp.web.staff import desk_dates, desk_here
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_papers", __name__)

_STEP = "shown"
_PERSON = ("name", "birth_date")
_PAPER = ("type", "paper", "issued_on", "expires_on", "issuer")
_MAX_TEXT = 128


@blueprint.get("/staff/desk/<draft_id>/papers")
def show(draft_id: str) -> ResponseReturnValue:
    """Ask who it is."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    draft = here.draft
    known = {"name": draft.name, "birth_date": draft.birth_date}
    typed = known if draft.name else {**draft.scanned}
    typed["birth_date"] = date_text(typed.get("birth_date", ""))
    return _page(here, {**typed, **_paper_typed(here)})


@blueprint.post("/staff/desk/<draft_id>/papers")
def take(draft_id: str) -> ResponseReturnValue:
    """Take who it is, and what a foreigner shows."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    names = _PERSON + (_PAPER if here.draft.path == "foreigner" else ())
    fields = here.check(_STEP, *names)
    typed = {name: value.strip()[:_MAX_TEXT] for name, value in fields.items()}
    problem = check_person(here, typed) or _check_paper(here, typed)
    if problem is not None:
        return _page(here, typed, problem)
    draft = replace(
        here.draft,
        name=typed["name"],
        birth_date=desk_dates.read(typed["birth_date"]),
        papers=_paper(typed) if here.draft.path == "foreigner" else None,
        record=None,
        is_compared=False,
    )
    return here.save(draft).on()


def check_person(here: Here, typed: dict[str, str]) -> Problem | None:
    """Return what is missing of the two by which the registry is asked."""
    if not typed["name"]:
        return here.wrong("name", gettext("Type the whole name"))
    if not desk_dates.read(typed["birth_date"]):
        return here.wrong("birth_date", desk_dates.mend())
    return None


def _check_paper(here: Here, typed: dict[str, str]) -> Problem | None:
    """Return what is wrong with a paper; one that has ended is none (D69 art. 8)."""
    if here.draft.path != "foreigner":
        return None
    if typed["type"] not in in_person.PAPERS:
        return here.wrong("type-passport", gettext("Choose one"))
    for name in ("paper", "issuer"):
        if not typed[name]:
            return here.wrong(name, gettext("Type what the paper says"))
    expires_on = desk_dates.read(typed["expires_on"])
    for name, day in (
        ("issued_on", desk_dates.read(typed["issued_on"])),
        ("expires_on", expires_on),
    ):
        if len(day) != len("YYYY-MM-DD"):
            return here.wrong(name, desk_dates.mend())
    if expires_on < here.today.isoformat():
        return here.wrong("expires_on", gettext("This paper has expired"))
    return None


def _paper(typed: dict[str, str]) -> dict[str, str]:
    return {
        "type": typed["type"],
        "number": typed["paper"],
        "issued_on": desk_dates.read(typed["issued_on"]),
        "expires_on": desk_dates.read(typed["expires_on"]),
        "issuer": typed["issuer"],
    }


def _paper_typed(here: Here) -> dict[str, str]:
    papers = here.draft.papers
    if not papers:
        return {}
    return {
        "type": papers["type"],
        "paper": papers["number"],
        "issued_on": date_text(papers["issued_on"]),
        "expires_on": date_text(papers["expires_on"]),
        "issuer": papers["issuer"],
    }


def _page(
    here: Here, typed: dict[str, str], problem: Problem | None = None
) -> ResponseReturnValue:
    return here.page("papers", problem, token=here.token(_STEP), typed=typed)
