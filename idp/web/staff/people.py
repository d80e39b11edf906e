"""Administrators' pages: officers, units, and what waits for a second administrator."""

from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from idp.staff import people, requests, units
from idp.staff.officer import ADMINISTRATOR, BY_COMMAND, ROLES, Officer
from idp.staff.people import Person
from idp.staff.requests import OpenRequest
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.problem import Problem
from idp.web.staff import access, frame, paging
from idp.web.visit import Visit

blueprint = Blueprint("staff_people", __name__)

INVITED = ("name", "personal_number", "unit")
TAB = "staff_people.show"
_STATES = {
    "invited": phrase("invited"),
    "active": phrase("active"),
    "disabled": phrase("ended"),
}
EFFECTS = {
    "invite": phrase(
        "The approver gets the link. Whoever has it and the asker's code becomes an "
        "officer with these roles."
    ),
    "roles": phrase("The officer has these roles at once."),
    "rescue": phrase(
        "Every passkey and session of the officer ends at once. The approver gets the "
        "link for a new passkey."
    ),
    "disable": phrase("At once and for good: every session, passkey and link ends."),
}
_DANGEROUS = ("rescue", "disable")
KINDS = {
    "invite": phrase("Invite %(name)s"),
    "roles": phrase("Give %(name)s other roles"),
    "rescue": phrase("Let %(name)s enrol a new passkey"),
    "disable": phrase("End the account of %(name)s"),
}


@blueprint.get("/staff/people")
def show() -> ResponseReturnValue:
    """List the officers, and the requests that wait."""
    here, officer = access.enter(request.path, ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    return overview(here, officer)


@blueprint.get("/staff/people/new")
def new() -> ResponseReturnValue:
    """Ask whom to invite, into which unit, with which roles."""
    here, officer = access.fresh(request.path, ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    return form(here, officer)


@blueprint.get("/staff/people/<uuid:staff_id>")
def one(staff_id: UUID) -> ResponseReturnValue:
    """Show one officer, with roles, unit and what can be done."""
    here, officer = access.fresh(request.path, ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    with here.provider.database.read() as connection:
        person = people.find_person(connection, here.provider.sealer, staff_id)
        offices = units.list_units(connection)
    return frame.page(
        here,
        officer,
        "person",
        person.name,
        tab=TAB,
        person=person,
        state=gettext(_STATES[person.state]),
        is_oneself=person.id == officer.id,
        is_administrator=ADMINISTRATOR in person.roles and person.state == "active",
        since=presentation.moment_text(person.created_at),
        is_by_command=person.created_by == BY_COMMAND,
        roles=role_choices(person.roles),
        units=offices,
        token=here.token(access.purpose(officer, f"person:{staff_id}")),
    )


def overview(
    here: Visit,
    officer: Officer,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """Draw the list of officers, the one who looks among them."""
    with here.provider.database.read() as connection:
        everyone = people.list_people(connection, here.provider.sealer)
        waiting = requests.list_open(connection, now=here.now)
        offices = units.list_units(connection)
    names = {person.id: person.name for person in everyone}
    asked = {name: request.args.get(name, "") for name in ("role", "state", "unit")}
    listed = [
        person
        for person in everyone
        if asked["role"] in ("", *person.roles)
        and asked["state"] in ("", person.state)
        and asked["unit"] in ("", str(person.unit.id))
    ]
    return frame.page(
        here,
        officer,
        "people",
        gettext("Officers"),
        tab=TAB,
        problem=problem,
        typed=typed or {},
        people=[_row(person) for person in paging.part(listed)],
        requests=[
            _request_row(here, officer, item, names) for item in paging.part(waiting)
        ],
        **asked,
        roles={name: gettext(text) for name, text in frame.ROLE_NAMES.items()},
        states={name: gettext(text) for name, text in _STATES.items()},
        pages=paging.pages(
            TAB,
            has_more=paging.has_more(listed, waiting)
            or (not any(asked.values()) and paging.has_more(offices)),
            **asked,
        ),
        units=paging.part(offices),
        all_units=offices,
        unit_token=here.token(access.purpose(officer, "unit")),
    )


def form(  # noqa: PLR0913 - who asks, and what was typed
    here: Visit,
    officer: Officer,
    problem: Problem | None = None,
    *,
    name: str = "",
    personal_number: str = "",
    unit: str = "",
    roles: tuple[str, ...] = (),
) -> Response:
    """Draw the form of an invitation, with what was typed."""
    with here.provider.database.read() as connection:
        offices = units.list_units(connection)
    return frame.page(
        here,
        officer,
        "invite",
        gettext("Invite an officer"),
        tab=TAB,
        problem=problem,
        name=name,
        personal_number=personal_number,
        unit=unit,
        units=offices,
        roles=role_choices(roles),
        token=here.token(access.purpose(officer, "invite")),
    )


def role_choices(chosen: tuple[str, ...]) -> list[dict[str, object]]:
    """Return every role as a box to tick."""
    return [
        {
            "value": role,
            "label": gettext(frame.ROLE_NAMES[role]),
            "is_chosen": role in chosen,
        }
        for role in ROLES
    ]


def _row(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "href": url_for("staff_people.one", staff_id=person.id),
        "unit": person.unit.name,
        "state": gettext(_STATES[person.state]),
        "is_active": person.state == "active",
        "roles": ", ".join(gettext(frame.ROLE_NAMES[role]) for role in person.roles),
        "is_by_command": person.created_by == BY_COMMAND,
    }


def _asked_text(item: OpenRequest, names: dict[UUID, str]) -> str:
    time = presentation.moment_text(item.asked_at)
    if item.asked_by is None:
        return gettext("asked by command on the server, %(time)s", time=time)
    return gettext("asked by %(name)s, %(time)s", name=names[item.asked_by], time=time)


def _request_row(
    here: Visit, officer: Officer, item: OpenRequest, names: dict[UUID, str]
) -> dict[str, object]:
    return {
        "text": gettext(KINDS[item.kind], name=names[item.staff_id]),
        "roles": ", ".join(gettext(frame.ROLE_NAMES[role]) for role in item.roles),
        "asked": _asked_text(item, names),
        "effect": gettext(EFFECTS[item.kind]),
        "is_dangerous": item.kind in _DANGEROUS,
        "is_nobodys": item.asked_by is None and here.provider.config.staff.two_persons,
        "is_mine": officer.id in (item.asked_by, item.staff_id),
        "action": url_for("staff_changes.decide", request_id=item.id),
        "token": here.token(access.purpose(officer, f"decide:{item.id}")),
    }
