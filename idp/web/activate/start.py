"""Number and phone, then the code: the same pages for everyone until it is right.

Unknown, not granted, another phone, too late: nothing is said before the code, and
then one sentence for all. Whoever has the registered phone is told more by message.
"""

from dataclasses import replace
from http import HTTPStatus

import structlog
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers
from idp.accounts.contacts import InvalidContactError
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.enrolment import activation, activation_case
from idp.enrolment.activation import Candidate, Refusal
from idp.errors import IdpError
from idp.factors import notices
from idp.factors.notice_texts import What
from idp.factors.sms import SmsCodes
from idp.web import language, proofs, way_back_case
from idp.web.activate.here import Here, enter
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("activate", __name__)

_FORM, _CODE, _SEND = "activate", "activate-code", "activate-send"
_MAX_TYPED = 64
# What the registered phone is told where no code helps.
_TOLD: dict[Refusal, What] = {"late": "activation_late", "again": "activation_again"}

log = structlog.get_logger("idp.web")


@blueprint.get("/activate")
def show() -> ResponseReturnValue:
    """Ask for number and phone, or lead on to what was begun."""
    here = way_back_case.named()
    return way_back_case.keep_name(here, make_response(_page(here)))


@blueprint.post("/activate")
def begin() -> ResponseReturnValue:
    """Send a code if the account may be activated; the answer does not tell."""
    here = way_back_case.named()
    typed = here.check(_FORM, "personal_number", "phone")
    number, phone, problem = _read(here, typed)
    if problem:
        return _page(here, typed, problem), HTTPStatus.UNPROCESSABLE_ENTITY
    # By source too: a stranger who types the number uses up none of its owner's tries.
    subject = here.provider.sealer.index(
        f"{number}:{here.source}", context="activation.case"
    ).hex()
    wait = _wait(here, subject)
    if wait:
        body = _page(here, {}, proofs.too_many(wait))
        return body, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait)}
    with here.provider.database.read() as connection:
        found = activation.find(connection, here.provider.sealer, number)
    days = here.provider.config.activation.window_days
    refused = activation.refusal(found, phone, days=days, now=here.now)
    case = activation_case.open_case(
        here.browser or "",
        subject=subject,
        account_id=found.account_id if found and refused is None else None,
        now=here.now,
    )
    begun = Here(here, case)
    begun.save(case)
    _tell(begun, found, refused)
    address = url_for("activate.code", activation_id=case.id)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.get("/activate/<activation_id>")
def hub(activation_id: str) -> ResponseReturnValue:
    """Lead to the first step that is not done."""
    here = enter(activation_id)
    following = "activate.code"
    if here.case.is_phone_proven:
        has_password = here.case.password is not None
        following = "activate_secrets." + ("second" if has_password else "password")
    address = url_for(following, activation_id=activation_id)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.get("/activate/<activation_id>/code")
def code(activation_id: str) -> ResponseReturnValue:
    """Ask for the code."""
    here = enter(activation_id)
    return here.go_on() if here.case.is_phone_proven else _code_page(here)


@blueprint.post("/activate/<activation_id>/code")
def prove(activation_id: str) -> ResponseReturnValue:
    """Check the code; what is wrong, if anything, is one sentence for all."""
    here = enter(activation_id)
    otp = here.visit.check(here.purpose(_CODE), "otp")["otp"]
    if here.case.is_phone_proven:
        return here.go_on()
    throttle = here.provider.throttle
    admission = throttle.admit(
        "otp",
        subject=f"activation:{here.case.subject}",
        source=here.visit.source,
        device=None,
    )
    if not admission.allowed:
        wait = admission.retry_after
        body = _code_page(here, proofs.too_many(wait))
        return body, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait)}
    errand = here.errand(here.phone())
    if not SmsCodes(here.provider).check(errand, otp, now=here.visit.now):
        wrong = notice("DD-ACT-002").at("otp", gettext("Type the newest 6 digits"))
        return _code_page(here, wrong), HTTPStatus.UNPROCESSABLE_ENTITY
    throttle.succeeded(admission)
    here.save(replace(here.case, is_phone_proven=True))
    return here.go_on()


@blueprint.post("/activate/<activation_id>/send")
def send(activation_id: str) -> ResponseReturnValue:
    """Send a new code on its way, behind the answer."""
    here = enter(activation_id)
    here.visit.check(here.purpose(_SEND))
    if here.case.is_phone_proven:
        return here.go_on()
    with here.provider.database.read() as connection:
        sealer = here.provider.sealer
        found = activation.read(connection, sealer, here.case.holder)
    _tell(here, found, None if here.case.account_id else "unknown")
    address = url_for("activate.code", activation_id=activation_id, sent=1)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.get("/activate/sheet")
def sheet() -> ResponseReturnValue:
    """Show a sheet to print: the steps for a plain phone and any computer."""
    config = way_back_case.named().provider.config
    return render_template(
        "activate/sheet.html",
        days=config.activation.window_days,
        address=config.issuer + url_for("activate.show"),
    )


def _read(here: Visit, typed: dict[str, str]) -> tuple[str, str, Problem | None]:
    """Return number and phone, or what is wrong with how they are written."""
    try:
        number = identifiers.parse_personal_number(
            typed["personal_number"].strip()[:_MAX_TYPED],
            sandbox=here.provider.config.sandbox.enabled,
            now=here.now,
        )
    except InvalidPersonalNumberError:
        mend = gettext("Type your 12-digit personal number")
        return "", "", notice("DD-AUTH-006").at("personal_number", mend)
    try:
        return number, contacts.parse_phone(typed["phone"]), None
    except InvalidContactError:
        mend = gettext("Type a mobile number")
        return number, "", notice("DD-AUTH-006").at("phone", mend)


def _tell(here: Here, found: Candidate | None, refused: Refusal | None) -> None:
    """Send the code, or to the registered phone why there is none; behind the answer.

    Everyone costs one errand: what it does is not part of the answer's time.
    """
    provider, now, source = here.provider, here.visit.now, here.visit.source
    locale, phone = language.current(), (found.phone or "") if found else ""
    errand = here.errand(phone)
    told = _TOLD.get(refused) if refused else None

    def run() -> None:
        try:
            if found and refused is None:
                codes = SmsCodes(provider)
                codes.send(errand, source=source, locale=locale, now=now)
            elif found and told:
                with provider.database.read() as connection:
                    known = contacts.read_contacts(
                        connection, provider.sealer, found.account_id
                    )
                notices.warn(provider, known, told, now)
        except IdpError as error:
            log.warning("code not sent", code=error.code, detail=error.detail)

    provider.courier.later(run)


def _wait(here: Visit, subject: str) -> int:
    """Return how long to wait, if this source asks too often, in all or for one."""
    throttle, ephemeral = here.provider.config.throttle, here.provider.ephemeral
    counts = (
        (f"activations:{subject}", throttle.recoveries_per_account),
        (f"activations-from:{here.source}", throttle.sms_per_source),
    )
    over = [
        ephemeral.count(counter, ttl=throttle.window) > most for counter, most in counts
    ]
    return throttle.window if any(over) else 0


def _page(
    here: Visit, typed: dict[str, str] | None = None, problem: Problem | None = None
) -> str:
    begun = activation_case.begun_by(here.provider.ephemeral, here.browser)
    return render_template(
        "activate/start.html",
        token=here.token(_FORM),
        typed={name: text[:_MAX_TYPED] for name, text in (typed or {}).items()},
        begun=url_for("activate.hub", activation_id=begun) if begun else "",
        days=here.provider.config.activation.window_days,
        problem=problem,
    )


def _code_page(here: Here, problem: Problem | None = None) -> str:
    return render_template(
        "activate/code.html",
        token=here.token(_CODE),
        send_token=here.token(_SEND),
        send=url_for("activate.send", activation_id=here.case.id),
        is_sent="sent" in request.args,
        minutes=max(1, here.provider.config.lifetimes.sms_otp // 60),
        resend_after=here.provider.config.throttle.sms_resend_after,
        problem=problem,
    )
