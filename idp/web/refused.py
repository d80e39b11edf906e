"""The honest refusal, shown only after the first factor: why, what to do, and back."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.web import messages, problem, visit
from idp.web.visit import Step

blueprint = Blueprint("refused", __name__)


@blueprint.get("/refused/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Say why the signed-in account may not go on."""
    step = visit.enter(transaction)
    signed_in = step.visit.signed_in()
    if signed_in is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    account = signed_in.account
    if account.locks or account.state != "active":
        return page(step, messages.refusal_code(account.state, account.locks))
    if account.is_restricted and step.transaction.request is not None:
        return page(step, messages.RESTRICTED)
    return page(step, messages.UNREACHABLE)


def page(step: Step, code: str) -> ResponseReturnValue:
    """Render the refusal with a safe way back to the portal."""
    body = render_template(
        "refused.html",
        problem=problem.notice(code),
        party=step.asker,
        back=step.back,
        other=url_for("login.show", transaction=step.transaction.id),
    )
    return body, HTTPStatus.FORBIDDEN
