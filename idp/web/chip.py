"""The chip card's page: what will happen, the way to the reader, and the way back.

The reader agent reports to us by itself; what it earned is completed here alone, by a
code that works once and only in the browser that started.
"""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.errors import IdpError
from idp.factors import chip_reading, chip_sessions
from idp.factors.chip_sessions import Errand
from idp.provider import current
from idp.web import chip_errand, chip_outcome, people, proofs, reader_link, visit
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("chip", __name__)

_MAX_TYPED = 64
_OUTCOMES = {"refused": "DD-CHIP-001", "stopped": "DD-CHIP-002"}


class ReturnError(IdpError):
    """The return code is unknown, spent or too old."""

    code = "DD-CHIP-003"


@blueprint.get("/chip/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Explain what will happen; ask for the number first where nobody is signed in."""
    step = visit.enter(transaction)
    if "again" in request.args:
        chip_sessions.drop_errand(step.visit.provider, transaction)
    found = chip_errand.look(step)
    if found.needs_number:
        return _number_page(step, people.hinted_number(step))
    if found.errand is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(step, found.errand, _told(step))


@blueprint.post("/chip/<transaction>/number")
def name(transaction: str) -> ResponseReturnValue:
    """Take whose card it is; whether anybody has that number changes nothing here."""
    step = visit.enter(transaction)
    fields = step.visit.check(step.purpose("chip-number"), "personal_number")
    typed = fields["personal_number"].strip()[:_MAX_TYPED]
    try:
        number = identifiers.parse_personal_number(
            typed,
            sandbox=step.visit.provider.config.sandbox.enabled,
            now=step.visit.now,
        )
    except InvalidPersonalNumberError:
        wrong = notice("DD-AUTH-006").at(
            "personal_number", gettext("Type the 12 digits on the front of your card")
        )
        return _number_page(step, typed, wrong)
    chip_errand.lay_for_number(step, number)
    address = url_for("chip.show", transaction=transaction)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/chip/<transaction>")
def start(transaction: str) -> ResponseReturnValue:
    """Hand a fresh start token to the reader agent, by a form of the browser's."""
    step = visit.enter(transaction)
    step.visit.check(step.purpose("chip-start"))
    provider = step.visit.provider
    errand = chip_errand.look(step).errand
    if errand is None:
        address = url_for("chip.show", transaction=transaction)
        return redirect(address, HTTPStatus.SEE_OTHER)
    if not chip_reading.tries_left(provider, transaction):
        return _page(step, errand, None)
    token = chip_sessions.issue_start(provider, errand)
    body = render_template(
        "chip_go.html",
        agent=reader_link.open_to_agent(step.visit.provider),
        start_token=token,
        party=step.asker,
        back=url_for("chip.show", transaction=transaction),
    )
    return reader_link.for_agent(body)


@blueprint.get("/chip/return")
def come_back() -> ResponseReturnValue:
    """Complete what a card was read for, in the browser that started it."""
    found = chip_sessions.take_return(current(), request.args.get("code", "")[:128])
    if found is None:
        raise ReturnError("the code is unknown, was used, or is too old")
    errand, outcome = found
    return chip_outcome.complete(visit.enter(errand.transaction), errand, outcome)


def _told(step: Step) -> Problem | None:
    """Return what the last reading came to, if it came to nothing."""
    code = _OUTCOMES.get(request.args.get("outcome", ""))
    if code is None:
        return None
    return notice(code, detail=chip_outcome.reason_of(step))


def _number_page(
    step: Step, number: str, problem: Problem | None = None
) -> ResponseReturnValue:
    transaction = step.transaction.id
    body = render_template(
        "chip_number.html",
        action=url_for("chip.name", transaction=transaction, purpose=_kept_purpose()),
        token=step.visit.token(step.purpose("chip-number")),
        number=number,
        party=step.asker,
        cancel=step.back,
        problem=problem,
    )
    return body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK


def _page(step: Step, errand: Errand, problem: Problem | None) -> ResponseReturnValue:
    transaction, provider = step.transaction.id, step.visit.provider
    left = chip_reading.tries_left(provider, transaction)
    if not left and problem is None:
        problem = proofs.too_many(provider.config.lifetimes.transaction)
    body = render_template(
        "chip.html",
        agent=reader_link.open_to_agent(step.visit.provider),
        action=url_for("chip.start", transaction=transaction),
        token=step.visit.token(step.purpose("chip-start")),
        errand=errand,
        may_try=left > 0,
        again=url_for(
            "chip.show", transaction=transaction, again=1, purpose=_kept_purpose()
        )
        if errand.is_first
        else None,
        others=chip_errand.others(step, errand),
        party=step.asker,
        cancel=step.back,
        problem=problem,
    )
    return reader_link.for_agent(
        body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    )


def _kept_purpose() -> str | None:
    return "recover" if request.args.get("purpose") == "recover" else None
