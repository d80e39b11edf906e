"""A representative applies for a child or ward, from their own account of level 2."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.session import SignedIn
from idp.enrolment import outcome, queue
from idp.enrolment.online import NotConsentedError
from idp.enrolment.wards import FiledForWard, Ward, file_for_ward
from idp.errors import NotFoundError
from idp.factors.carrier import CarrierError
from idp.registry.port import RegistryDownError
from idp.web import account_access, proofs
from idp.web.enrol import details, pages, status
from idp.web.enrol.details import WrongFieldError
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("enrol_ward", __name__)

_FORM = "enrol-ward"
_FIELDS = ("personal_number", "name", "day", "month", "year", "consent")
_MAX_TYPED = 254


@blueprint.get("/account/wards/apply")
def ask() -> ResponseReturnValue:
    """Ask for whom, after the representative's strongest fresh proof."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return _page(here, member, {})


@blueprint.post("/account/wards/apply")
def submit() -> ResponseReturnValue:
    """File the application, or say the one refusal."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    purpose = account_access.purpose(member, _FORM)
    typed = {
        name: value.strip()[:_MAX_TYPED]
        for name, value in here.check(purpose, *_FIELDS).items()
    }
    try:
        ward = Ward(
            number=details.read_number(here, typed["personal_number"]),
            name=details.read_name(typed["name"]),
            birth_date=details.read_birth_date(here, typed),
        )
    except WrongFieldError as wrong:
        problem = notice("DD-AUTH-006").at(wrong.field, wrong.mend)
        return _page(here, member, typed, problem)
    throttle = here.provider.config.throttle
    counter = f"enrolments-by:{member.account.id}"
    if here.provider.ephemeral.count(counter, ttl=throttle.window) > (
        here.provider.config.enrolment.drafts_per_person
    ):
        wait = throttle.window
        return _page(here, member, {}, proofs.too_many(wait), wait=wait)
    return _file(here, member, ward, typed)


@blueprint.get("/account/wards/applications/<uuid:dossier_id>")
def show(dossier_id: UUID) -> ResponseReturnValue:
    """Show the receipt to whoever filed it."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    with here.provider.database.read() as connection:
        dossier = queue.find_dossier(connection, dossier_id)
    if dossier is None or dossier.filed_by != member.account.id:
        raise NotFoundError("no such application")
    return status.filed_page(here, dossier.receipt)


def _file(
    here: Visit, member: SignedIn, ward: Ward, typed: dict[str, str]
) -> ResponseReturnValue:
    try:
        done = file_for_ward(
            here.provider,
            member.account.id,
            ward,
            has_consented=typed["consent"] == "yes",
            now=here.now,
        )
    except NotConsentedError as error:
        mend = gettext("Tick the box if you agree; without it nothing is sent")
        return _page(here, member, typed, notice(error.code).at("consent", mend))
    except (RegistryDownError, CarrierError) as error:
        return _page(here, member, typed, notice("DD-ENR-503", detail=error.detail))
    return _answer(here, member, typed, done)


def _answer(
    here: Visit, member: SignedIn, typed: dict[str, str], done: FiledForWard
) -> ResponseReturnValue:
    if done.dossier_id is None:
        mend = gettext("Look at the child’s card and type number and name again")
        problem = notice("DD-ENR-005").at("personal_number", mend)
        return _page(here, member, typed, problem)
    if done.decided is not None:
        outcome.tell(here.provider, done.decided, now=here.now)
    address = url_for("enrol_ward.show", dossier_id=done.dossier_id)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _page(
    here: Visit,
    member: SignedIn,
    typed: dict[str, str],
    problem: Problem | None = None,
    *,
    wait: int = 0,
) -> ResponseReturnValue:
    if member.account.level < 2:
        told = notice("DD-ENR-006")
        body = render_template("enrol/refused_ward.html", problem=told)
        return body, HTTPStatus.FORBIDDEN
    config = here.provider.config
    return pages.page(
        "enrol/ward.html",
        problem,
        wait=wait,
        token=here.token(account_access.purpose(member, _FORM)),
        typed=typed,
        version=config.enrolment.consent_version,
        own_age=config.enrolment.own_from_age,
        assent_age=config.representation.assent_from_age,
    )
