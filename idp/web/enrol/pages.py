"""The pages of an application's stages."""

from http import HTTPStatus
from typing import Any

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.contacts import mask_phone
from idp.web import presentation
from idp.web.enrol.here import Here
from idp.web.problem import Problem, notice

_MINUTE = 60
REFUSALS = {"no_match": "DD-ENR-002", "no_card": "DD-ENR-003"}


def code(
    here: Here,
    problem: Problem | None = None,
    *,
    wait: int = 0,
    is_resent: bool = False,
) -> ResponseReturnValue:
    """Ask for the code: the same page for everyone."""
    config = here.provider.config
    return page(
        "enrol/code.html",
        problem,
        wait=wait,
        action=url_for("enrol_steps.prove", draft_id=here.draft.id),
        token=here.token("code"),
        resend=url_for("enrol_steps.resend", draft_id=here.draft.id),
        resend_token=here.token("resend"),
        resend_after=config.throttle.sms_resend_after,
        minutes=max(1, config.lifetimes.sms_otp // _MINUTE),
        phone=mask_phone(here.applicant().phone),
        sent=is_resent and problem is None,
    )


def match(here: Here, problem: Problem | None = None) -> ResponseReturnValue:
    """Offer to ask the registries again; the phone stays proven."""
    return page(
        "enrol/match.html",
        problem,
        action=url_for("enrol_steps.match_again", draft_id=here.draft.id),
        token=here.token("match"),
    )


def finish(
    here: Here, problem: Problem | None = None, *, wait: int = 0
) -> ResponseReturnValue:
    """Show what was typed, and ask for consent and a photo."""
    applicant = here.applicant()
    return page(
        "enrol/finish.html",
        problem,
        wait=wait,
        action=url_for("enrol_steps.submit", draft_id=here.draft.id),
        token=here.token("submit"),
        number=presentation.number_text(applicant.number),
        name=applicant.name,
        born=presentation.date_text(applicant.birth_date),
        phone=presentation.phone_text(applicant.phone),
        email=applicant.email,
        version=here.provider.config.enrolment.consent_version,
    )


def refused(here: Here) -> ResponseReturnValue:
    """Say the one refusal, and every way that is left."""
    told = notice(REFUSALS[here.draft.refusal or "no_match"])
    body = render_template("enrol/refused.html", problem=told)
    return body, HTTPStatus.FORBIDDEN


def page(
    template: str, problem: Problem | None, *, wait: int = 0, **values: Any
) -> ResponseReturnValue:
    """Render a form, with the status that its problem has."""
    body = render_template(template, problem=problem, **values)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    response = make_response(body, HTTPStatus.TOO_MANY_REQUESTS if wait else status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
