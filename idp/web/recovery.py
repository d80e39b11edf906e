"""A recovery code as a further step: one that was written down for a day like this."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.authentication import sign_in
from idp.authentication.session import SignedIn
from idp.factors import devices, recovery_codes
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
    token, wait = _prove(step, signed_in, code)
    if wait:
        return _page(step, proofs.too_many(wait), wait=wait)
    token = token or double_click.find(step, code)
    if token is None:
        wrong = notice("DD-AUTH-007").at("code", gettext("Type another of your codes"))
        return _page(step, wrong)
    return proofs.go_on(step, token)


def _prove(step: Step, signed_in: SignedIn, code: str) -> tuple[str | None, int]:
    """Return the session's new cookie, and how long to wait if no try is allowed."""
    provider, account_id = step.visit.provider, signed_in.account.id
    with provider.database.read() as connection:
        device = devices.find_known(
            connection, step.visit.device, account_id, now=step.visit.now
        )
    # Counted with the other codes: guessing here is guessing there.
    admission = provider.throttle.admit(
        "otp", subject=str(account_id), source=step.visit.source, device=device
    )
    if not admission.allowed:
        return None, admission.retry_after
    with provider.database.transaction() as database:
        sign_in.hold(database, session=signed_in.session)
        factor = recovery_codes.verify(
            database,
            provider.audit,
            provider.sealer,
            account_id,
            code=code,
            now=step.visit.now,
        )
        if factor is None:
            return None, 0
        token = sign_in.prove(
            provider,
            database,
            session=signed_in.session,
            factor=factor,
            now=step.visit.now,
        )
        double_click.keep(step, code, token)
    provider.throttle.succeeded(admission)
    return token, 0


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
