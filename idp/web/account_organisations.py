"""The citizen's organisations: listed, invited, applied for (D69/2024 art. 12)."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import memberships, organisations
from idp.accounts.memberships import Listed
from idp.accounts.organisations import (
    LEGAL_REPRESENTATIVE,
    Details,
    InvalidTaxCodeError,
    OrganisationTakenError,
)
from idp.accounts.standing import read_standing
from idp.authentication.session import SignedIn
from idp.enrolment import organisations as applications
from idp.enrolment.organisation_source import SourceDownError
from idp.enrolment.organisations import NotLevel2Error, NotRepresentativeError
from idp.errors import NotFoundError
from idp.web import account, account_access, presentation, proofs
from idp.web.account_wards import STATES
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.typed import typed_day, typed_line
from idp.web.visit import Visit

blueprint = Blueprint("account_organisations", __name__)

ROLES = {
    "legal_representative": phrase("legal representative"),
    "authorised_person": phrase("authorised person"),
    "member": phrase("member without a mandate"),
}
_FIELDS = ("tax_code", "name", "head_office", "founded_on")
_REFUSALS = (
    InvalidTaxCodeError,
    OrganisationTakenError,
    NotLevel2Error,
    NotRepresentativeError,
    SourceDownError,
)


@blueprint.get("/account/organisations")
def show() -> ResponseReturnValue:
    """Show where the citizen is listed or invited."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    provider = here.provider
    with provider.database.read() as connection:
        listed = memberships.of_person(connection, provider.sealer, member.account.id)
        ids = [one.organisation_id for one in listed]
        details = organisations.read_all(connection, provider.sealer, ids)
        states = {one: read_standing(connection, one).effective for one in ids}
    entries = [
        _entry(here, member, one, details[one.organisation_id])
        | {"state": gettext(STATES.get(states[one.organisation_id], ""))}
        for one in listed
    ]
    return account.page(
        "organisations",
        gettext("Organisations"),
        organisations=[entry for entry in entries if entry["accepted"]],
        invitations=[entry for entry in entries if not entry["accepted"]],
    )


@blueprint.post("/account/organisations/<uuid:membership>/accept")
def accept(membership: UUID) -> ResponseReturnValue:
    """Accept an invitation to one's own number."""
    here, member = account_access.act(url_for("account_organisations.show"))
    if isinstance(member, Response):
        return member
    here.check(_purpose(member, f"accept:{membership}"))
    provider = here.provider
    with provider.database.transaction() as database:
        is_accepted = memberships.accept(
            database,
            provider.audit,
            provider.sealer,
            membership,
            account_id=member.account.id,
            now=here.now,
        )
    if not is_accepted:
        raise NotFoundError("no such invitation of this citizen")
    address = url_for("account_organisations.show", done="member-accepted")
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/account/organisations/<uuid:membership>/leave")
def leave(membership: UUID) -> ResponseReturnValue:
    """Decline an invitation, or give a mandate back."""
    here, member = account_access.act(url_for("account_organisations.show"))
    if isinstance(member, Response):
        return member
    here.check(_purpose(member, f"leave:{membership}"))
    provider = here.provider
    with provider.database.transaction() as database:
        own = memberships.of_person(database, provider.sealer, member.account.id)
        if membership not in {one.id for one in own}:
            raise NotFoundError("no such listing of this citizen")
        memberships.end(
            database,
            provider.audit,
            membership,
            ended_by=member.account.id,
            now=here.now,
        )
    address = url_for("account_organisations.show", done="member-ended")
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.get("/account/organisations/new")
def new() -> ResponseReturnValue:
    """Ask for the tax code."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return _form(here, member)


@blueprint.post("/account/organisations/new")
def apply() -> ResponseReturnValue:
    """Apply for the organisation's account, or ask for what no register knows."""
    address = url_for("account_organisations.new")
    here, member = account_access.act(address, strong=True)
    if isinstance(member, Response):
        return member
    typed = here.check(_purpose(member, "new"), *_FIELDS)
    told = _told(typed)
    if isinstance(told, Problem):
        return _form(here, member, typed, told, unknown=True)
    throttle, subject = here.provider.throttle, str(member.account.id)
    admission = throttle.admit_today("organisation", subject=subject)
    if not admission.allowed:
        return _form(here, member, typed, proofs.too_many(admission.retry_after))
    try:
        outcome = applications.apply(
            here.provider,
            member.account.id,
            typed["tax_code"],
            told=told,
            now=here.now,
        )
    except _REFUSALS as error:
        wrong = notice(error.code, detail=error.detail or "")
        if isinstance(error, InvalidTaxCodeError):
            wrong = wrong.at("tax_code", gettext("Type ten digits, or thirteen"))
        return _form(here, member, typed, wrong)
    if outcome.state == "details_needed":
        return _form(here, member, typed, unknown=True)
    done = f"organisation-{outcome.state}"
    address = url_for("account_organisations.show", done=done)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _told(typed: dict[str, str]) -> Details | Problem | None:
    """Return what was typed of an organisation that no register knows."""
    if not any(typed[name].strip() for name in _FIELDS[1:]):
        return None
    name, office = typed_line(typed["name"]), typed_line(typed["head_office"])
    founded_on = typed_day(typed["founded_on"])
    missing = notice("DD-AUTH-006")
    if not name:
        return missing.at("name", gettext("Type the organisation's full name"))
    if not office:
        return missing.at("head_office", gettext("Type the address of the head office"))
    if founded_on is None:
        return missing.at("founded_on", gettext("Type the date as dd/mm/yyyy"))
    return Details(
        name=name,
        tax_code=typed["tax_code"],
        head_office=office,
        founded_on=founded_on,
    )


def _entry(
    here: Visit, member: SignedIn, one: Listed, details: Details
) -> dict[str, Any]:
    until = one.valid_until
    return {
        "id": one.id,
        "organisation_id": one.organisation_id,
        "name": details.name,
        "tax_code": details.tax_code,
        "head_office": details.head_office,
        "role": gettext(ROLES[one.role]),
        "mandate": one.mandate,
        "accepted": one.accepted_at is not None,
        "manages": one.role == LEGAL_REPRESENTATIVE,
        "since": presentation.date_text(one.valid_from),
        "until": presentation.date_text(until) if until else "",
        "accept_token": here.token(_purpose(member, f"accept:{one.id}")),
        "leave_token": here.token(_purpose(member, f"leave:{one.id}")),
    }


def _form(
    here: Visit,
    member: SignedIn,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
    *,
    unknown: bool = False,
) -> Response:
    return account.page(
        "organisation_new",
        gettext("Apply for an organisation"),
        tab="account_organisations.show",
        problem=problem,
        token=here.token(_purpose(member, "new")),
        typed=typed or dict.fromkeys(_FIELDS, ""),
        unknown=unknown,
    )


def _purpose(member: SignedIn, action: str) -> str:
    return account_access.purpose(member, f"organisations:{action}")
