"""Signing in with another device: the first screen, with QR code and number.

Only the browser that began can finish, and only by a form of this page: looking at the
page, or asking for its state, changes nothing.
"""

from http import HTTPStatus

import segno
from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from idp.authentication import cross_device, ways
from idp.authentication.cross_device import Screen
from idp.authentication.session import SignedIn
from idp.authentication.steps import ASSURANCE_TOO_LOW, FACTOR_MISSING
from idp.web import proofs, visit
from idp.web import ways as ways_page
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("device", __name__)

REFUSED, EXPIRED = "DD-DEV-002", "DD-DEV-001"
_MAX_USER_AGENT = 300


@blueprint.get("/device/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Show the code while it waits, and what became of it."""
    step = visit.enter(transaction)
    if not _fits(step):
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(step)


@blueprint.post("/device/<transaction>")
def begin(transaction: str) -> ResponseReturnValue:
    """Make a new code; the last one ends."""
    step = visit.enter(transaction)
    step.visit.check(step.purpose("device"))
    if not _fits(step):
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    made = cross_device.begin(
        step.visit.provider.ephemeral,
        step.transaction,
        signed_in=_adds_to(step),
        place={
            "source": step.visit.source,
            "user_agent": (request.user_agent.string or "")[:_MAX_USER_AGENT],
        },
        now=step.visit.now,
        ttl=step.visit.provider.config.lifetimes.cross_device,
    )
    if not made:
        return _page(step, notice("DD-AUTH-002")), HTTPStatus.TOO_MANY_REQUESTS
    return redirect(
        url_for("device.show", transaction=transaction), HTTPStatus.SEE_OTHER
    )


@blueprint.get("/device/<transaction>/state")
def state(transaction: str) -> Response:
    """Tell the waiting page's script the state, and nothing else."""
    step = visit.enter(transaction)
    return jsonify(state=_screen(step).state)


@blueprint.post("/device/<transaction>/finish")
def finish(transaction: str) -> ResponseReturnValue:
    """Take the approval, once, in the browser that asked for it."""
    step = visit.enter(transaction)
    step.visit.check(step.purpose("device-finish"))
    if not _fits(step):
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    approval = cross_device.redeem(step.visit.provider.ephemeral, step.transaction)
    if approval is None:
        address = url_for("device.show", transaction=transaction)
        return redirect(address, HTTPStatus.SEE_OTHER)
    if not approval.adds:
        return proofs.begin(step, approval.account_id, approval.factor)
    signed_in = step.visit.signed_in()
    if signed_in is None or signed_in.account.id != approval.account_id:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return proofs.complete(step, approval.factor)


def _fits(step: Step) -> bool:
    return ways.device_fits(step.transaction, step.visit.signed_in())


def _adds_to(step: Step) -> SignedIn | None:
    """Return the sign-in that only lacks a further factor, if there is one."""
    signed_in = step.visit.signed_in()
    lacking = (FACTOR_MISSING, ASSURANCE_TOO_LOW)
    if signed_in and ways_page.unmet(step, signed_in) in lacking:
        return signed_in
    return None


def _screen(step: Step) -> Screen:
    ephemeral = step.visit.provider.ephemeral
    return cross_device.screen(ephemeral, step.transaction, now=step.visit.now)


def _page(step: Step, problem: Problem | None = None) -> str:
    shown = _screen(step)
    transaction = step.transaction.id
    issuer = step.visit.provider.config.issuer
    address = issuer + url_for("approve.show", code=shown.code) if shown.code else ""
    if problem is None and shown.state in ("refused", "expired"):
        problem = notice(REFUSED if shown.state == "refused" else EXPIRED)
    return render_template(
        "device.html",
        action=url_for("device.begin", transaction=transaction),
        token=step.visit.token(step.purpose("device")),
        finish=url_for("device.finish", transaction=transaction),
        finish_token=step.visit.token(step.purpose("device-finish")),
        watch=url_for("device.state", transaction=transaction),
        here=url_for("device.show", transaction=transaction),
        state=shown.state,
        number=shown.number,
        address=address,
        picture=_picture(address) if address else "",
        minutes=max(1, step.visit.provider.config.lifetimes.cross_device // 60),
        party=step.asker,
        others=ways_page.others(step) if step.visit.signed_in() else "",
        back=url_for("login.show", transaction=transaction),
        cancel=step.back,
        problem=problem,
    )


def _picture(address: str) -> Markup:
    drawn = segno.make(address, error="m", micro=False)
    # segno draws it from our own address: there is nothing in it to escape.
    return Markup(drawn.svg_inline(scale=5, border=4, omitsize=True))  # noqa: S704
