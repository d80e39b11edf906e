"""The passcode as a step of our own pages: it confirms that it is still the citizen.

It is asked where a fresh proof is wanted and nothing decides who may sign in; a link
leads to signing in anew instead. Tries are counted with those of one-time codes.
"""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import steps
from idp.authentication.session import SignedIn
from idp.errors import BusyError
from idp.factors import passcode
from idp.web import proofs, visit, ways
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("passcode", __name__)

_FORM = "passcode"
_MAX_TYPED = 12


@blueprint.get("/passcode/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Ask for the passcode of the person who is signed in."""
    step = visit.enter(transaction)
    if _member(step) is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(step)


@blueprint.post("/passcode/<transaction>")
def submit(transaction: str) -> ResponseReturnValue:
    """Check it and go on."""
    step = visit.enter(transaction)
    typed = step.visit.check(step.purpose(_FORM), "passcode")["passcode"]
    member = _member(step)
    if member is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    provider, account_id = step.visit.provider, member.account.id
    try:
        factor, wait = proofs.attempt(
            step,
            "otp",
            lambda: passcode.prove(
                provider.database,
                provider.sealer,
                provider.passwords,
                provider.audit,
                account_id=account_id,
                passcode=typed[:_MAX_TYPED].replace(" ", ""),
                now=step.visit.now,
            ),
            subject=str(account_id),
            account_id=account_id,
        )
    except BusyError as error:
        busy = notice(error.code, detail=error.detail)
        return _page(step, busy, error.status, wait=error.retry_after)
    if wait:
        limit = HTTPStatus.TOO_MANY_REQUESTS
        return _page(step, proofs.too_many(wait), limit, wait=wait)
    if factor is None:
        mend = gettext("Type your 6 digits again")
        wrong = notice("DD-AUTH-008").at("passcode", mend)
        return _page(step, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    return proofs.complete(step, factor)


def _member(step: Step) -> SignedIn | None:
    """Return who is signed in, if a confirmation is all that is asked of them."""
    signed_in = step.visit.signed_in()
    if signed_in is None or ways.unmet(step, signed_in) is not steps.CONFIRM:
        return None
    return signed_in


def _page(
    step: Step,
    problem: Problem | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    wait: int = 0,
) -> ResponseReturnValue:
    body = render_template(
        "passcode.html",
        action=request.path,
        token=step.visit.token(step.purpose(_FORM)),
        others=url_for("login.show", transaction=step.transaction.id),
        cancel=step.back,
        problem=problem,
    )
    headers = {"Retry-After": str(wait)} if wait else {}
    return body, status, headers
