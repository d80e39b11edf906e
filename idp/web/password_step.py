"""The password as a further step, after a card or another factor was proven first.

It counts tries where the sign-in page counts them: guessing here is guessing there.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.errors import BusyError
from idp.factors import password
from idp.factors.results import VerifiedFactor
from idp.web import proofs, visit, ways
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("password", __name__)


@blueprint.get("/password/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Ask for the password of the person who is signed in."""
    step = visit.enter(transaction)
    signed_in = step.visit.signed_in()
    if signed_in is None or "pwd" not in signed_in.account.factors:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(step)


@blueprint.post("/password/<transaction>")
def submit(transaction: str) -> ResponseReturnValue:
    """Check the password and add it to the sign-in."""
    step = visit.enter(transaction)
    typed = step.visit.check(step.purpose("password"), "password")["password"]
    signed_in = step.visit.signed_in()
    if signed_in is None or "pwd" not in signed_in.account.factors:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    if not typed:
        missing = notice("DD-AUTH-006").at("password", gettext("Type your password"))
        return _page(step, missing, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        factor, wait = _prove(step, signed_in.account.id, typed)
    except BusyError as error:
        busy = notice(error.code, detail=error.detail)
        return _page(step, busy, error.status, wait=error.retry_after)
    if wait:
        limit = HTTPStatus.TOO_MANY_REQUESTS
        return _page(step, proofs.too_many(wait), limit, wait=wait)
    if factor is None:
        wrong = notice("DD-AUTH-005").at(
            "password", gettext("Type your password again")
        )
        return _page(step, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    return proofs.complete(step, factor)


def _prove(
    step: Step, account_id: UUID, typed: str
) -> tuple[VerifiedFactor | None, int]:
    """Return the proof, and how long to wait if no try is allowed."""
    provider = step.visit.provider
    with provider.database.read() as connection:
        number = identifiers.current_number(connection, provider.sealer, account_id)
    return proofs.attempt(
        step,
        "password",
        lambda: password.prove_again(
            provider.database,
            provider.passwords,
            provider.audit,
            account_id=account_id,
            password=typed,
            now=step.visit.now,
        ),
        subject=identifiers.number_index(provider.sealer, number).hex(),
        account_id=account_id,
    )


def _page(
    step: Step,
    problem: Problem | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    wait: int = 0,
) -> ResponseReturnValue:
    body = render_template(
        "password.html",
        action=request.path,
        token=step.visit.token(step.purpose("password")),
        party=step.asker,
        others=ways.others(step),
        cancel=step.back,
        problem=problem,
    )
    headers = {"Retry-After": str(wait)} if wait else {}
    return body, status, headers
