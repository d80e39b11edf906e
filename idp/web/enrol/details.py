"""Who may apply and with what; and the form that begins an application.

What is typed is read and counted, never compared with anything: match and mismatch go
on to the same page, and the code is sent behind the answer.
"""

from datetime import date
from http import HTTPStatus

from flask import Blueprint, make_response, redirect, render_template
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers
from idp.accounts.contacts import InvalidContactError
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.enrolment import ages, draft
from idp.enrolment.draft import Applicant
from idp.web import proofs, way_back_case
from idp.web.enrol.here import Here, send_code
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("enrol", __name__)

FIELDS = ("personal_number", "name", "day", "month", "year", "phone", "email")
_FORM = "enrol"
_MAX_TYPED = 254
_SHORTEST_NAME = 2


class WrongFieldError(Exception):
    """A field that cannot be read, and how to mend it."""

    def __init__(self, field: str, mend: str) -> None:
        super().__init__(field)
        self.field = field
        self.mend = mend


@blueprint.get("/enrol")
def show() -> ResponseReturnValue:
    """Say what an account needs, for whom it is, and that it costs nothing."""
    config = way_back_case.named().provider.config.enrolment
    return render_template("enrol/start.html", config=config)


@blueprint.get("/enrol/details")
def ask() -> ResponseReturnValue:
    """Ask who applies."""
    return _page(way_back_case.named(), {})


@blueprint.post("/enrol/details")
def begin() -> ResponseReturnValue:
    """Begin an application and send a code, whoever was typed."""
    visit = way_back_case.named()
    typed = {
        name: value.strip()[:_MAX_TYPED]
        for name, value in visit.check(_FORM, *FIELDS).items()
    }
    try:
        applicant = read(visit, typed)
        _check_age(visit, applicant)
    except WrongFieldError as wrong:
        problem = notice("DD-AUTH-006").at(wrong.field, wrong.mend)
        return _page(visit, typed, problem)
    begun = draft.begin(
        visit.provider.sealer,
        visit.browser or "",
        applicant,
        source=visit.source,
        now=visit.now,
    )
    here = Here(visit, begun)
    wait = _wait(here, applicant)
    if wait:
        return _page(visit, {}, proofs.too_many(wait), wait=wait)
    here.save(begun)
    send_code(here, applicant)
    response = make_response(redirect(here.address, HTTPStatus.SEE_OTHER))
    return way_back_case.keep_name(visit, response)


def read(visit: Visit, typed: dict[str, str]) -> Applicant:
    """Return what was typed in one form, or raise for the first bad field."""
    return Applicant(
        number=read_number(visit, typed["personal_number"]),
        name=read_name(typed["name"]),
        birth_date=read_birth_date(visit, typed),
        phone=_phone(typed["phone"]),
        email=_email(typed["email"]),
    )


def read_number(visit: Visit, text: str) -> str:
    """Return the personal number that was typed."""
    try:
        return identifiers.parse_personal_number(
            text, sandbox=visit.provider.config.sandbox.enabled, now=visit.now
        )
    except InvalidPersonalNumberError:
        mend = gettext("Type your 12-digit personal number")
        raise WrongFieldError("personal_number", mend) from None


def read_name(text: str) -> str:
    """Return the name that was typed, its parts once apart."""
    name = " ".join(text.split())
    if len(name) < _SHORTEST_NAME or any(letter.isdigit() for letter in name):
        raise WrongFieldError(
            "name", gettext("Type the whole name as it is on the card")
        )
    return name


def read_birth_date(visit: Visit, typed: dict[str, str]) -> str:
    """Return `YYYY`, or `YYYY-MM-DD`: year-only births exist."""
    day, month, year = typed["day"], typed["month"], typed["year"]
    try:
        born = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        mend = gettext("Type day, month and year, or the year alone")
        raise WrongFieldError("year", mend) from None
    if bool(day) != bool(month):
        raise WrongFieldError(
            "day", gettext("Type both day and month, or leave both empty")
        )
    if born > visit.now.date() or born.year < 1900:
        raise WrongFieldError(
            "year", gettext("Type the year of birth with four digits")
        )
    return born.isoformat() if day else f"{born.year:04}"


def _phone(text: str) -> str:
    try:
        return contacts.parse_phone(text)
    except InvalidContactError:
        mend = gettext("Type a Vietnamese mobile number: 10 digits that begin with 0")
        raise WrongFieldError("phone", mend) from None


def _email(text: str) -> str | None:
    try:
        return contacts.parse_email(text) if text else None
    except InvalidContactError:
        mend = gettext("Type the e-mail address whole, or leave it empty")
        raise WrongFieldError("email", mend) from None


def _check_age(visit: Visit, applicant: Applicant) -> None:
    config = visit.provider.config.enrolment
    if not ages.applies_alone(applicant.birth_date, config, now=visit.now):
        mend = gettext(
            "Below %(age)s, a parent or guardian applies on their own account’s page",
            age=config.own_from_age,
        )
        raise WrongFieldError("year", mend)


def _wait(here: Here, applicant: Applicant) -> int:
    """Return how long to wait, if this source begins too often, in all or for one.

    One number or phone may be begun with from each source: what strangers type
    elsewhere stops nobody. What messages cost is limited apart (`send_limits`).
    """
    provider = here.visit.provider
    config, window = provider.config.enrolment, provider.config.throttle.window
    place = f"{applicant.phone}:{here.visit.source}"
    phone = provider.sealer.index(place, context="enrolment.phone").hex()
    counts = (
        (f"enrolments:{here.draft.subject}", config.drafts_per_person),
        (f"enrolments-to:{phone}", config.drafts_per_person),
        (f"enrolments-from:{here.visit.source}", config.drafts_per_source),
    )
    over = [
        provider.ephemeral.count(counter, ttl=window) > most for counter, most in counts
    ]
    return window if any(over) else 0


def _page(
    visit: Visit,
    typed: dict[str, str],
    problem: Problem | None = None,
    *,
    wait: int = 0,
) -> ResponseReturnValue:
    body = render_template(
        "enrol/details.html", token=visit.token(_FORM), typed=typed, problem=problem
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    response = make_response(body, HTTPStatus.TOO_MANY_REQUESTS if wait else status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return way_back_case.keep_name(visit, response)
