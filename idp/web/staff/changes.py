"""What administrators change: each needs a fresh passkey, and most a second person."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.identifiers import (
    InvalidPersonalNumberError,
    parse_personal_number,
)
from idp.audit.log import AuditLog
from idp.config.staff import StaffConfig
from idp.staff import changes, people, requests, units
from idp.staff.errors import KnownOfficerError, StaffChangeError
from idp.staff.invitations import Link
from idp.staff.officer import ADMINISTRATOR, Officer
from idp.staff.requests import Asked
from idp.web import presentation, proofs
from idp.web.language import gettext
from idp.web.problem import notice
from idp.web.staff import access, frame
from idp.web.staff.people import INVITED, TAB, form, overview
from idp.web.visit import Visit
from keys.sealing import Sealer

blueprint = Blueprint("staff_changes", __name__)

_ENTRY = "staff_people.show"


@blueprint.post("/staff/units")
def add_unit() -> ResponseReturnValue:
    """Add an office."""
    here, officer = access.fresh(url_for(_ENTRY), ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    fields = here.check(access.purpose(officer, "unit"), "name", "province", "commune")
    try:
        _add_unit(here, officer, fields)
    except StaffChangeError as error:
        problem = notice(error.code, detail=str(error)).at(
            "unit-name", gettext("Give a name that no other unit has.")
        )
        return overview(here, officer, problem, fields)
    return redirect(url_for(_ENTRY, done="unit"), HTTPStatus.SEE_OTHER)


@blueprint.post("/staff/people")
def invite() -> ResponseReturnValue:
    """Ask for a new officer: a second administrator gives the link."""
    here, officer = access.fresh(url_for("staff_people.new"), ADMINISTRATOR)
    if isinstance(officer, Response):
        return officer
    fields = here.check(access.purpose(officer, "invite"), *INVITED)
    roles, again = tuple(request.form.getlist("role")), {n: fields[n] for n in INVITED}
    throttle = here.provider.throttle
    admission = throttle.admit_today("officer", subject=str(officer.id))
    if not admission.allowed:
        many = proofs.too_many(admission.retry_after)
        return form(here, officer, many, roles=roles, **again)
    try:
        asked = _invite(here, officer, fields, roles)
    except (InvalidPersonalNumberError, KnownOfficerError) as error:
        problem = notice("DD-AUTH-006", detail=str(error)).at(
            "personal_number",
            gettext("Type the officer's own 12-digit number; nobody has two accounts."),
        )
        return form(here, officer, problem, roles=roles, **again)
    except StaffChangeError as error:
        problem = notice("DD-AUTH-006", detail=str(error)).at(
            "name", gettext("Give a name, a unit and one role or more.")
        )
        return form(here, officer, problem, roles=roles, **again)
    return _asked_page(here, officer, asked)


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
    asked, done = _change(here, officer, staff_id, fields)
    if asked is not None:
        return _asked_page(here, officer, asked)
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
        if fields["decision"] == "take_up":
            requests.take_up(
                database, provider.audit, officer, request_id, now=here.now
            )
        elif is_approved:
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
        return _link_page(here, officer, link)
    done = "approved" if is_approved else "refused"
    if fields["decision"] == "take_up":
        done = "proposal-taken-up"
    return redirect(url_for(_ENTRY, done=done), HTTPStatus.SEE_OTHER)


def _add_unit(here: Visit, officer: Officer, fields: dict[str, str]) -> None:
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


def _invite(
    here: Visit, officer: Officer, fields: dict[str, str], roles: tuple[str, ...]
) -> Asked:
    provider = here.provider
    number = parse_personal_number(
        fields["personal_number"], sandbox=provider.config.sandbox.enabled, now=here.now
    )
    with provider.database.transaction() as database:
        staff_id = people.invite(
            database,
            provider.audit,
            provider.sealer,
            name=fields["name"],
            number=number,
            unit_id=units.find_unit(database, fields["unit"]).id,
            roles=roles,
            by=str(officer.id),
            now=here.now,
        )
        stores = (database, *_stores(here))
        return requests.ask(*stores, officer, "invite", staff_id, roles, now=here.now)


def _change(
    here: Visit, officer: Officer, staff_id: UUID, fields: dict[str, str]
) -> tuple[Asked | None, str]:
    """Do what one administrator may, or ask for what takes two."""
    now, roles = here.now, tuple(request.form.getlist("role"))
    with here.provider.database.transaction() as database:
        stores = (database, *_stores(here))
        match fields["decision"]:
            case "rescue":
                held = people.hold_roles(database, staff_id)
                asked = requests.ask(
                    *stores, officer, "rescue", staff_id, held, now=now
                )
                return asked, ""
            case "roles":
                changed = changes.change_roles(
                    *stores, officer, staff_id, roles, now=now
                )
                return changed, "roles"
            case "disable":
                ended = changes.disable(*stores, officer, staff_id, now=now)
                return ended, "disabled"
            case "move":
                unit_id = units.find_unit(database, fields["unit"]).id
                people.move(
                    database, stores[1], staff_id, unit_id, by=str(officer.id), now=now
                )
                return None, "moved"
    return None, ""


def _stores(here: Visit) -> tuple[AuditLog, Sealer, StaffConfig]:
    provider = here.provider
    return provider.audit, provider.sealer, provider.config.staff


def _link_page(here: Visit, officer: Officer, link: Link) -> Response:
    path = url_for("staff_invitation.show", token=link.token)
    return frame.page(
        here,
        officer,
        "link",
        gettext("Hand over this link"),
        tab=TAB,
        address=f"{here.provider.config.issuer}{path}",
        until=presentation.moment_text(link.expires_at),
    )


def _asked_page(here: Visit, officer: Officer, asked: Asked) -> Response:
    return frame.page(
        here,
        officer,
        "asked",
        gettext("A second administrator decides"),
        tab=TAB,
        code=asked.code,
    )
