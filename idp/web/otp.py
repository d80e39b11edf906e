"""The one-time-code page: from an authenticator app, or by text message.

An enrolled factor is never skipped: other ways lead to what is as strong, and the
dispatcher asks again until one is proven.
"""

from http import HTTPStatus
from uuid import UUID

from flask import (
    Blueprint,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from idp.authentication.session import SignedIn
from idp.factors import totp
from idp.factors.results import Verification
from idp.factors.sms import SmsCodes
from idp.web import double_click, proofs, text_message, visit, ways
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("otp", __name__)

# In this order: what cannot be taken over with a SIM card comes first.
WAYS = ("totp", "sms")
_MINUTE = 60


@blueprint.get("/otp/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Ask for the code, sending one first where that is the way."""
    step = visit.enter(transaction)
    signed_in = step.visit.signed_in()
    way = _way(signed_in)
    if signed_in is None or way is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    outcome = request.args.get("outcome", "")
    if way == "sms" and not outcome:
        outcome = text_message.send_first(step, signed_in)
    return _page(step, signed_in, way, outcome=outcome)


@blueprint.post("/otp/<transaction>")
def submit(transaction: str) -> ResponseReturnValue:
    """Check the code and go on."""
    step = visit.enter(transaction)
    otp = step.visit.check(step.purpose("otp"), "otp")["otp"].strip()
    signed_in = step.visit.signed_in()
    way = _way(signed_in)
    if signed_in is None or way is None or _is_repeated(step, signed_in):
        return proofs.go_on(step, double_click.find(step, otp))
    if not otp:
        missing = notice("DD-AUTH-006").at("otp", gettext("Type the 6 digits"))
        return _page(step, signed_in, way, missing)
    verify = _verification(step, signed_in.account.id, way, otp)
    token, wait = proofs.attempt_code(step, signed_in, otp, verify)
    if wait:
        return _page(step, signed_in, way, proofs.too_many(wait), wait=wait)
    # Of two presses at one moment the other may have been the first.
    token = token or double_click.find(step, otp)
    if token is None:
        wrong = notice("DD-AUTH-003").at("otp", gettext("Type the newest 6 digits"))
        return _page(step, signed_in, way, wrong)
    return proofs.go_on(step, token)


@blueprint.post("/otp/<transaction>/resend")
def resend(transaction: str) -> ResponseReturnValue:
    """Send a new code, if the last one is old enough; the page says what happened."""
    step = visit.enter(transaction)
    step.visit.check(step.purpose("resend"))
    signed_in = step.visit.signed_in()
    if signed_in is None or "sms" not in signed_in.account.factors:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    outcome = text_message.send_again(step, signed_in)
    address = url_for("otp.show", transaction=transaction, way="sms", outcome=outcome)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _way(signed_in: SignedIn | None) -> str | None:
    """Return the way that the address names, if enrolled, else the first enrolled."""
    enrolled = [way for way in WAYS if signed_in and way in signed_in.account.factors]
    asked = request.args.get("way")
    return asked if asked in enrolled else next(iter(enrolled), None)


def _is_repeated(step: Step, signed_in: SignedIn) -> bool:
    # A double click posts the same code twice; the first has done all there was to do.
    return any(
        event.method in WAYS and event.at >= step.transaction.created_at
        for event in signed_in.session.events
    )


def _verification(step: Step, account_id: UUID, way: str, otp: str) -> Verification:
    provider, now = step.visit.provider, step.visit.now
    if way == "totp":
        return lambda database: totp.verify(
            database, provider.audit, provider.sealer, account_id, otp=otp, now=now
        )
    return lambda database: SmsCodes(provider).verify(
        database,
        account_id,
        purpose="sign_in",
        binding=step.transaction.id,
        otp=otp,
        now=now,
    )


def _page(  # noqa: PLR0913 - one page in all its states
    step: Step,
    signed_in: SignedIn,
    way: str,
    problem: Problem | None = None,
    *,
    outcome: str = "",
    wait: int = 0,
) -> ResponseReturnValue:
    failure = text_message.FAILURES.get(outcome)
    if failure:
        problem = notice(failure)
    config, transaction = step.visit.provider.config, step.transaction.id
    body = render_template(
        "otp.html",
        action=url_for("otp.submit", transaction=transaction, way=way),
        token=step.visit.token(step.purpose("otp")),
        resend=url_for("otp.resend", transaction=transaction, way="sms"),
        resend_token=step.visit.token(step.purpose("resend")),
        resend_after=config.throttle.sms_resend_after,
        minutes=max(1, config.lifetimes.sms_otp // _MINUTE),
        way=way,
        others=ways.others(step),
        phone=text_message.masked_phone(step, signed_in) if way == "sms" else "",
        step_up=step.transaction.step == "assurance_too_low",
        party=step.asker,
        cancel=step.back,
        problem=problem,
        sent=outcome == text_message.SENT,
    )
    if wait:
        return body, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait)}
    return body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
