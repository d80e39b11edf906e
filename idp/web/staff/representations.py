"""A reviewer ends a representation by a paper: a court's decision, the registry's word.

The number is typed and never stands in an address; the look is on the ward's own chain.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers, places, representation
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.accounts.representation import Ward
from idp.accounts.standing import read_standing
from idp.locks import representations
from idp.locks.representations import BY_PAPER, Ending
from idp.staff import look_ups, own_case
from idp.staff.errors import RoleError
from idp.staff.officer import Officer
from idp.web import people, presentation
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_representations", __name__)

ROLE = "reviewer"
_FIND = "representations"
_PURPOSE = "representation"
_LONGEST = 64
RELATIONS = {
    "father": phrase("father"),
    "mother": phrase("mother"),
    "guardian": phrase("guardian"),
}
REASONS = {
    "court": phrase("a court decided so"),
    "capacity": phrase("the ward has full capacity"),
    "replaced": phrase("another guardian was named"),
    "death": phrase("the representative has died"),
    "mistake": phrase("it was written down by mistake"),
}


@blueprint.get("/staff/representations")
def show() -> ResponseReturnValue:
    """Ask whose representatives are meant."""
    here, officer = access.enter(request.path, ROLE)
    return officer if isinstance(officer, Response) else _page(here, officer)


@blueprint.post("/staff/representations")
def find() -> ResponseReturnValue:
    """Show who acts for the holder of a number; the look is written down."""
    here, officer = access.enter(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, _FIND), "personal_number")
    text, provider = typed["personal_number"][:32], here.provider
    sandbox = provider.config.sandbox.enabled
    try:
        number = identifiers.parse_personal_number(text, sandbox=sandbox, now=here.now)
    except InvalidPersonalNumberError:
        mend = gettext("Type the 12-digit personal number")
        wrong = notice("DD-AUTH-006").at("personal_number", mend)
        return _page(here, officer, problem=wrong)
    with provider.database.transaction() as database:
        ward = identifiers.find_account_id(database, provider.sealer, number)
        is_here = ward and officer.unit.serves(places.read_province(database, ward))
        if not is_here:
            stores = (database, provider.audit)
            look_ups.note(*stores, officer, ward or number, _PURPOSE, here.now)
            ward = None
    return _page(here, officer, ward, is_asked=True)


@blueprint.post("/staff/representations/<uuid:ward>")
def end(ward: UUID) -> ResponseReturnValue:
    """End one at once, by its paper; ward and representative are told."""
    page = url_for("staff_representations.show")
    here, officer = access.fresh(page, ROLE)
    if isinstance(officer, Response):
        return officer
    purpose = access.purpose(officer, f"representation:{ward}")
    typed = here.check(purpose, "representative", "reason", "document")
    reason = next((one for one in BY_PAPER if one == typed["reason"]), None)
    document = typed["document"].strip()[:_LONGEST]
    if reason is None or not document:
        wrong = notice("DD-AUTH-006").at("document", gettext("Fill in this field"))
        return _page(here, officer, ward, is_asked=True, problem=wrong)
    with here.provider.database.read() as connection:
        sealer = here.provider.sealer
        own_case.refuse(connection, sealer, officer, ward, now=here.now)
        if not officer.unit.serves(places.read_province(connection, ward)):
            raise RoleError(detail="another province's account")
        found = representation.representatives_of(connection, ward, now=here.now)
    named = [str(one.representative_id) for one in found]
    if typed["representative"] not in named:
        return _page(here, officer, problem=notice("DD-RIGHT-001"))
    ending = Ending(ward, UUID(typed["representative"]), reason, officer.id, document)
    representations.end(here.provider, ending, now=here.now)
    return redirect(f"{page}?done=representation-ended", HTTPStatus.SEE_OTHER)


def _page(
    here: Visit,
    officer: Officer,
    ward: UUID | None = None,
    *,
    is_asked: bool = False,
    problem: Problem | None = None,
) -> Response:
    return frame.page(
        here,
        officer,
        "representations",
        gettext("Representatives"),
        tab="staff_representations.show",
        problem=problem,
        rows=_rows(here, officer, ward) if is_asked else [],
        is_asked=is_asked,
        reasons={name: gettext(text) for name, text in REASONS.items()},
        longest=_LONGEST,
        find_token=here.token(access.purpose(officer, _FIND)),
        end_token=here.token(access.purpose(officer, f"representation:{ward}")),
        ward=ward,
    )


def _rows(here: Visit, officer: Officer, ward: UUID | None) -> list[dict[str, object]]:
    """Return who acts for the ward; the look is noted."""
    provider = here.provider
    if ward is None:
        return []
    with provider.database.transaction() as database:
        look_ups.note(database, provider.audit, officer, ward, _PURPOSE, here.now)
        own_case.refuse(database, provider.sealer, officer, ward, now=here.now)
        found = representation.representatives_of(database, ward, now=here.now)
    return [_row(here, one) for one in found]


def _row(here: Visit, one: Ward) -> dict[str, object]:
    provider, who = here.provider, one.representative_id
    with provider.database.read() as connection:
        is_closed = read_standing(connection, who).state == "closed"
    # Name and number are erased with the account; it ends like any other.
    named = None if is_closed else people.person(provider, who, is_masked=True)
    return {
        "id": who,
        "name": named.name if named else gettext("a closed account"),
        "number": named.number if named else "",
        "relation": gettext(RELATIONS[one.relation]),
        "since": presentation.date_text(one.since),
        "until": presentation.date_text(one.until) if one.until else "",
    }
