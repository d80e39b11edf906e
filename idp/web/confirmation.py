"""The ward's screen: ask the representative, show the number, go on when confirmed.

Decree 69/2024 art. 14.2: wards and children use their account only with the
representative's confirmation.
"""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.authentication import confirmation, steps
from idp.authentication.session import SignedIn
from idp.web import proofs, visit
from idp.web.problem import Problem
from idp.web.visit import Step

blueprint = Blueprint("confirmation", __name__)

_MINUTE = 60
_WAIT = 3600
_MAX_USER_AGENT = 300


@blueprint.get("/confirmation/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Show the number while the request waits, or how to ask."""
    step = visit.enter(transaction)
    ward = _ward(step)
    if ward is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(step, ward)


@blueprint.post("/confirmation/<transaction>")
def ask(transaction: str) -> ResponseReturnValue:
    """Ask the representative; an earlier request ends."""
    step = visit.enter(transaction)
    step.visit.check(step.purpose("confirmation"))
    ward = _ward(step)
    if ward is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    provider, asked = step.visit.provider, step.transaction.request
    place = {
        "source": step.visit.source,
        "user_agent": str(request.user_agent)[:_MAX_USER_AGENT],
    }
    is_asked = confirmation.ask(
        provider.ephemeral,
        ward,
        client_id=asked.client_id if asked else None,
        place=place,
        now=step.visit.now,
        ttl=provider.config.representation.confirmation,
    )
    if not is_asked:
        return _page(step, ward, proofs.too_many(_WAIT))
    return redirect(request.path, HTTPStatus.SEE_OTHER)


def _ward(step: Step) -> SignedIn | None:
    """Return the ward whose sign-in is not confirmed, or None: nothing to do here."""
    signed_in = step.visit.signed_in()
    is_missing = steps.unmet_session(signed_in) == steps.REPRESENTATIVE_MISSING
    return signed_in if is_missing else None


def _page(
    step: Step, ward: SignedIn, problem: Problem | None = None
) -> ResponseReturnValue:
    provider = step.visit.provider
    waiting = confirmation.find(provider.ephemeral, ward.account.id)
    is_own = waiting is not None and waiting.session_id == ward.session.id
    body = render_template(
        "confirmation.html",
        action=request.path,
        token=step.visit.token(step.purpose("confirmation")),
        party=step.asker,
        number=waiting.number if waiting and is_own else "",
        minutes=provider.config.representation.confirmation // _MINUTE,
        go_on=step.resume,
        cancel=step.back,
        problem=problem,
    )
    return body, HTTPStatus.TOO_MANY_REQUESTS if problem else HTTPStatus.OK
