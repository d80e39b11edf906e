"""The agreement at the desk: read by or to the person, who says yes (Law 91/2025).

Silence is no consent: nothing is ticked beforehand, and the version of the text and the
time are kept with the dossier.
"""

from dataclasses import replace

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from idp.web.language import gettext
from idp.web.problem import Problem
from idp.web.staff import desk_here
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_agreement", __name__)

_STEP = "agreement"


@blueprint.get("/staff/desk/<draft_id>/agreement")
def show(draft_id: str) -> ResponseReturnValue:
    """Show what is agreed to."""
    here = desk_here.enter(draft_id, _STEP)
    return here if isinstance(here, Response) else _page(here)


@blueprint.post("/staff/desk/<draft_id>/agreement")
def take(draft_id: str) -> ResponseReturnValue:
    """Record that the person, who is there, agreed."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    if here.check(_STEP, "agreed")["agreed"] != "yes":
        mend = gettext("Tick it only when the person has said yes")
        return _page(here, here.wrong("agreed", mend))
    return here.save(replace(here.draft, consented_at=here.visit.now.isoformat())).on()


def _page(here: Here, problem: Problem | None = None) -> ResponseReturnValue:
    return here.page(
        "agreement",
        problem,
        token=here.token(_STEP),
        version=here.provider.config.enrolment.consent_version,
    )
