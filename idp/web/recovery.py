"""A recovery code as a further step: one that was written down for a day like this."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.factors import recovery_codes
from idp.factors.results import Verification
from idp.web import double_click, proofs, visit, ways
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("recovery", __name__)


@blueprint.get("/recovery/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Ask for one of the codes."""
    step = visit.enter(transaction)
    if step.visit.signed_in() is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(step)


@blueprint.post("/recovery/<transaction>")
def submit(transaction: str) -> ResponseReturnValue:
    """Use a code up and go on."""
    step = visit.enter(transaction)
    code = step.visit.check(step.purpose("recovery"), "code")["code"].strip()
    signed_in = step.visit.signed_in()
    pressed = double_click.find(step, code)
    if signed_in is None or pressed:
        return proofs.go_on(step, pressed)
    if not code:
        missing = notice("DD-AUTH-006").at("code", gettext("Type one of your codes"))
        return _page(step, missing)
    verify = _verification(step, signed_in.account.id, code)
    token, wait = proofs.attempt_code(step, signed_in, code, verify)
    if wait:
        return _page(step, proofs.too_many(wait), wait=wait)
    token = token or double_click.find(step, code)
    if token is None:
        wrong = notice("DD-AUTH-007").at("code", gettext("Type another of your codes"))
        return _page(step, wrong)
    return proofs.go_on(step, token)


def _verification(step: Step, account_id: UUID, code: str) -> Verification:
    provider, now = step.visit.provider, step.visit.now
    return lambda database: recovery_codes.verify(
        database, provider.audit, provider.sealer, account_id, code=code, now=now
    )


def _page(
    step: Step, problem: Problem | None = None, *, wait: int = 0
) -> ResponseReturnValue:
    body = render_template(
        "recovery.html",
        action=request.path,
        token=step.visit.token(step.purpose("recovery")),
        party=step.asker,
        others=ways.others(step),
        cancel=step.back,
        problem=problem,
    )
    if wait:
        return body, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait)}
    return body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
