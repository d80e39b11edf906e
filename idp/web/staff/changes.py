"""What administrators change: each needs a fresh passkey, and some a second person."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.staff import invitations, people, requests, units
from idp.staff.errors import StaffChangeError
from idp.staff.invitations import Link
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import gettext
from idp.web.problem import notice
from idp.web.staff import access, frame
from idp.web.staff.people import ADMINISTRATOR, TAB, form
from idp.web.visit import Visit

blueprint = Blueprint("staff_changes", __name__)

_ENTRY = "staff_people.show"


@blueprint.post("/staff/units")
def add_unit() -> ResponseReturnValue:
    """Add an office."""
    here, officer = access.fresh(url_for(_ENTRY), ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    fields = here.check(access.purpose(officer, "unit"), "name", "province", "commune")
    with here.provider.database.transaction() as database:
        units.add_unit(
            database,
            here.provider.audit,
            name=fields["name"],
            province_code=fields["province"].strip(),
            commune_code=fields["commune"].strip(),
            by=str(officer.id),
            now=here.now,
        )
    return redirect(url_for(_ENTRY, done="unit"), HTTPStatus.SEE_OTHER)


@blueprint.post("/staff/people")
def invite() -> ResponseReturnValue:
    """Open an officer's account: one gives the link, or two for powerful roles."""
    here, officer = access.fresh(url_for("staff_people.new"), ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    fields = here.check(access.purpose(officer, "invite"), "name", "unit")
    roles = tuple(request.form.getlist("role"))
    try:
        return _invite(here, officer, fields, roles)
    except StaffChangeError as error:
        problem = notice("DD-AUTH-006", detail=str(error)).at(
            "name", gettext("Give a name, a unit and one role or more.")
        )
        return form(here, officer, problem, roles=roles, **fields_of(fields))


@blueprint.post("/staff/people/<uuid:staff_id>")
def change(staff_id: UUID) -> ResponseReturnValue:
    """Change roles or unit, end the account, or ask for a new passkey."""
    page = url_for("staff_people.one", staff_id=staff_id)
    here, officer = access.fresh(page, ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    purpose = access.purpose(officer, f"person:{staff_id}")
    fields = here.check(purpose, "decision", "unit")
    if officer.id == staff_id:
        raise StaffChangeError("nobody decides about themselves")
    if fields["decision"] == "rescue":
        return _ask(here, officer, "rescue", staff_id, _roles_of(here, staff_id))
    if fields["decision"] == "roles":
        return _change_roles(here, officer, staff_id)
    by, provider = str(officer.id), here.provider
    with provider.database.transaction() as database:
        if fields["decision"] == "move":
            unit_id = units.find_unit(database, fields["unit"]).id
            people.move(
                database, provider.audit, staff_id, unit_id, by=by, now=here.now
            )
        elif fields["decision"] == "disable":
            people.disable(database, provider.audit, staff_id, by=by, now=here.now)
    done = {"move": "moved", "disable": "disabled"}.get(fields["decision"])
    address = url_for("staff_people.one", staff_id=staff_id, done=done)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/staff/people/requests/<uuid:request_id>")
def decide(request_id: UUID) -> ResponseReturnValue:
    """Approve or refuse what another administrator asked."""
    here, officer = access.fresh(url_for(_ENTRY), ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    fields = here.check(access.purpose(officer, f"decide:{request_id}"), "decision")
    provider, is_approved = here.provider, fields["decision"] == "approve"
    link = None
    with provider.database.transaction() as database:
        if is_approved:
            link = requests.approve(
                database,
                provider.audit,
                provider.config.staff,
                officer,
                request_id,
                now=here.now,
            )
        else:
            requests.refuse(database, provider.audit, officer, request_id, now=here.now)
    if link is not None:
        return _link_page(here, officer, link, needs_code=True)
    done = "approved" if is_approved else "refused"
    return redirect(url_for(_ENTRY, done=done), HTTPStatus.SEE_OTHER)


def fields_of(fields: dict[str, str]) -> dict[str, str]:
    """Return what was typed, to be shown again."""
    return {name: fields[name] for name in ("name", "unit")}


def _invite(
    here: Visit, officer: Officer, fields: dict[str, str], roles: tuple[str, ...]
) -> ResponseReturnValue:
    provider, by, takes_two = here.provider, str(officer.id), requests.needs_two(roles)
    link, asked = None, None
    with provider.database.transaction() as database:
        staff_id = people.invite(
            database,
            provider.audit,
            provider.sealer,
            name=fields["name"],
            unit_id=units.find_unit(database, fields["unit"]).id,
            roles=roles,
            by=by,
            now=here.now,
        )
        if takes_two:
            asked = requests.ask(
                database,
                provider.audit,
                provider.sealer,
                provider.config.staff,
                officer,
                "invite",
                staff_id,
                roles,
                now=here.now,
            )
        else:
            link = invitations.issue(
                database,
                provider.audit,
                provider.config.staff,
                staff_id,
                "invite",
                by=by,
                now=here.now,
            )
    if link is not None:
        return _link_page(here, officer, link, needs_code=False)
    return _asked_page(here, officer, asked.code if asked else None)


def _change_roles(here: Visit, officer: Officer, staff_id: UUID) -> ResponseReturnValue:
    roles, provider = tuple(request.form.getlist("role")), here.provider
    if requests.needs_two(roles, _roles_of(here, staff_id)):
        return _ask(here, officer, "roles", staff_id, roles)
    with provider.database.transaction() as database:
        people.set_roles(
            database,
            provider.audit,
            staff_id,
            roles,
            by=str(officer.id),
            now=here.now,
        )
    address = url_for("staff_people.one", staff_id=staff_id, done="roles")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _ask(
    here: Visit,
    officer: Officer,
    kind: requests.Kind,
    staff_id: UUID,
    roles: tuple[str, ...],
) -> Response:
    provider = here.provider
    with provider.database.transaction() as database:
        asked = requests.ask(
            database,
            provider.audit,
            provider.sealer,
            provider.config.staff,
            officer,
            kind,
            staff_id,
            roles,
            now=here.now,
        )
    return _asked_page(here, officer, asked.code)


def _roles_of(here: Visit, staff_id: UUID) -> tuple[str, ...]:
    with here.provider.database.read() as connection:
        return people.find_person(connection, here.provider.sealer, staff_id).roles


def _link_page(
    here: Visit, officer: Officer, link: Link, *, needs_code: bool
) -> Response:
    path = url_for("staff_invitation.show", token=link.token)
    return frame.page(
        here,
        officer,
        "link",
        gettext("Hand over this link"),
        tab=TAB,
        address=f"{here.provider.config.issuer}{path}",
        until=presentation.moment_text(link.expires_at),
        needs_code=needs_code,
    )


def _asked_page(here: Visit, officer: Officer, code: str | None) -> Response:
    return frame.page(
        here,
        officer,
        "asked",
        gettext("A second administrator decides"),
        tab=TAB,
        code=code,
    )
