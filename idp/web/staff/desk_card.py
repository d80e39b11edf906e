"""The card at the desk: read by the reader agent with full passive authentication.

It is the protocol of a citizen's sign-in (docs/chip-reader.md) for another purpose:
bound to the officer's session and draft, and with the portrait. The card must be of the
person whose number was typed.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from idp.enrolment import in_person_draft
from idp.factors import chip_sessions
from idp.factors.chip_card import access_key
from idp.provider import current
from idp.web import reader_link
from idp.web.chip import ReturnError
from idp.web.presentation import date_text
from idp.web.problem import Problem
from idp.web.staff import desk_dates, desk_here, desk_reader, desk_representative
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_card", __name__)

_STEP = "shown"


@blueprint.get("/staff/desk/<draft_id>/card")
def show(draft_id: str) -> ResponseReturnValue:
    """Ask for what is printed on the card and opens its chip."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    told = desk_reader.told(request.args.get("outcome", ""))
    return _page(here, here.draft.scanned.get("birth_date", ""), "", told)


@blueprint.post("/staff/desk/<draft_id>/card")
def start(draft_id: str) -> ResponseReturnValue:
    """Lead to the reader with the key that the printed dates make."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    fields = here.check(_STEP, "birth_date", "expires_on")
    born = desk_dates.read(fields["birth_date"])
    expires_on = desk_dates.read(fields["expires_on"])
    if not born:
        wrong = here.wrong("birth_date", desk_dates.mend())
        return _page(here, fields["birth_date"], fields["expires_on"], wrong)
    if fields["expires_on"].strip() and not expires_on:
        wrong = here.wrong("expires_on", desk_dates.mend())
        return _page(here, fields["birth_date"], fields["expires_on"], wrong)
    access = access_key(
        number=here.draft.number, birth_date=born, expires_on=expires_on or None
    )
    return desk_reader.to_reader(
        here, here.draft.number, access, back="staff_desk_card.show"
    )


@blueprint.get("/staff/desk/return")
def come_back() -> ResponseReturnValue:
    """Take in what was read, in the session that started it."""
    found = chip_sessions.take_return(current(), request.args.get("code", "")[:128])
    if found is None:
        raise ReturnError("the code is unknown, was used, or is too old")
    errand, outcome = found
    here = desk_here.enter(errand.transaction)
    if isinstance(here, Response):
        return here
    if errand.account_id is not None:
        return desk_representative.take_card(here, errand, outcome)
    failed = desk_reader.outcome_of(here, outcome, here.draft.number)
    if failed:
        address = url_for(
            "staff_desk_card.show", draft_id=here.draft.id, outcome=failed
        )
        return desk_here.lead(address)
    return _take(here, outcome)


def _take(here: Here, outcome: Mapping[str, Any]) -> Response:
    """Keep what the card says, and its portrait; what came later is to do anew."""
    holder = outcome["holder"]
    draft = replace(
        here.draft,
        card=outcome["card"],
        holder=holder,
        name=holder["name"],
        birth_date=holder["birth_date"],
        record=None,
        is_compared=False,
        face="",
    )
    if outcome["portrait"]:
        form, image = outcome["portrait"]
        draft = replace(draft, portrait_format=form)
        picture = b64decode(image)
        in_person_draft.save_picture(here.provider, draft, "chip", picture)
    return here.save(draft).on()


def _page(
    here: Here, birth_date: str, expires_on: str, problem: Problem | None = None
) -> ResponseReturnValue:
    response = here.page(
        "card",
        problem,
        agent=reader_link.open_to_agent(here.provider),
        token=here.token(_STEP),
        birth_date=date_text(birth_date),
        expires_on=expires_on,
    )
    body, status = response.get_data(as_text=True), HTTPStatus(response.status_code)
    return reader_link.for_agent(body, status)
