"""Auditors open the sealed values of one event: with a reason, and a fresh passkey.

Law 91/2025: the opening is an event of the citizen's own, who reads unit and reason.
"""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from idp.audit import search
from idp.audit.search import Place
from idp.audit.staff_events import AuditValuesOpened
from idp.errors import NotFoundError
from idp.staff import own_case
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, audit, finding, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_audit_entry", __name__)


@blueprint.get("/staff/audit/<place>")
def show(place: str) -> ResponseReturnValue:
    """Show one event, and ask for the reason to open what is sealed of it."""
    here, officer = access.enter(request.path, audit.ROLE)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer, _place(place))


@blueprint.post("/staff/audit/<place>")
def open_values(place: str) -> ResponseReturnValue:
    """Show the values this once; the opening is written down first."""
    here, officer = access.fresh(request.path, audit.ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, f"open:{place}"), "reason")
    because, where = typed["reason"].strip()[: finding.LONGEST], _place(place)
    if not because:
        wrong = notice("DD-AUTH-006").at("reason", gettext("Fill in this field"))
        return _page(here, officer, where, wrong)
    provider = here.provider
    with provider.database.transaction() as database:
        found = search.read_one(database, where)
        stores = (database, provider.sealer)
        own_case.refuse(*stores, officer, found.account_id, now=here.now)
        event = AuditValuesOpened(
            found.account_id,
            officer.id,
            officer.unit.id,
            place,
            personal={"reason": because},
        )
        provider.audit.record(database, event, now=here.now)
        values = search.open_values(*stores, where)
    return _page(here, officer, where, values=values)


def _place(text: str) -> Place:
    place = audit.place_of(text)
    if place is None:
        raise NotFoundError("no such event")
    return place


def _page(
    here: Visit,
    officer: Officer,
    place: Place,
    problem: Problem | None = None,
    values: dict[str, object] | None = None,
) -> Response:
    with here.provider.database.read() as connection:
        found = search.read_one(connection, place)
        names, offices = audit.officers(here, connection)
    name = audit.place_text(place)
    return frame.page(
        here,
        officer,
        "audit_entry",
        gettext("One event"),
        tab=audit.TAB,
        problem=problem,
        event=found,
        name=audit.name_of(found.type),
        data=audit.told(found.data, names | offices),
        at=presentation.exact_moment_text(found.at),
        place=name,
        values=values,
        longest=finding.LONGEST,
        token=here.token(access.purpose(officer, f"open:{name}")),
    )
