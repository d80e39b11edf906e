"""The sign-in page and the account chooser.

A number that does not exist, one that is malformed and a wrong password cost the same
and read the same; what stands against an account is told only after its password.
"""

from dataclasses import replace
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.authentication import ways
from idp.errors import BusyError
from idp.factors import password
from idp.factors.password import ProvenPassword
from idp.web import passkey, people, proofs, scopes, visit
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("login", __name__)

_NOBODY = ""  # names no account, and is looked up like every other number
_MAX_TYPED = 64


@blueprint.get("/login/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Ask for number and password."""
    return _page(visit.enter(transaction))


@blueprint.post("/login/<transaction>")
def submit(transaction: str) -> ResponseReturnValue:
    """Check number and password, and sign in or say why not."""
    step = visit.enter(transaction)
    fields = step.visit.check(step.purpose("login"), "personal_number", "password")
    typed = _legible(fields["personal_number"])
    missing = _missing(typed, fields["password"])
    if missing:
        return _page(step, typed, missing, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        proven, wait = _prove(step, typed, fields["password"])
    except BusyError as error:
        busy = notice(error.code, detail=error.detail)
        return _page(step, typed, busy, error.status, wait=error.retry_after)
    if wait:
        problem = proofs.too_many(wait)
        return _page(step, typed, problem, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)
    if proven is None:
        wrong = notice("DD-AUTH-001").at(
            "personal_number", gettext("Look at number and password again")
        )
        return _page(step, typed, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    return proofs.begin(step, proven.account_id, proven.factor)


@blueprint.get("/choose/<transaction>")
def choose(transaction: str) -> ResponseReturnValue:
    """Ask as whom to go on, when someone is signed in already."""
    step = visit.enter(transaction)
    signed_in = step.visit.signed_in()
    if signed_in is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return render_template(
        "choose.html",
        action=request.path,
        token=step.visit.token(step.purpose("choose")),
        party=step.asker,
        accounts=[
            people.person(step.visit.provider, signed_in.account.id, is_masked=True)
        ],
        cancel=step.back,
    )


@blueprint.post("/choose/<transaction>")
def decide_account(transaction: str) -> ResponseReturnValue:
    """Go on as the chosen account, or sign in as someone else."""
    step = visit.enter(transaction)
    fields = step.visit.check(step.purpose("choose"), "account", "decision")
    if fields["decision"] == "other":
        return redirect(
            url_for("login.show", transaction=transaction), HTTPStatus.SEE_OTHER
        )
    signed_in = step.visit.signed_in()
    if signed_in is not None and fields["account"] == str(signed_in.account.id):
        _remember_choice(step, signed_in.account.id)
    return redirect(step.resume, HTTPStatus.SEE_OTHER)


def _legible(typed: str) -> str:
    """Return what is read and shown again of the number, as it was typed."""
    shown = (letter for letter in typed[:_MAX_TYPED] if letter.isprintable())
    return "".join(shown).strip()


def _missing(typed: str, secret: str) -> Problem | None:
    if not typed:
        return notice("DD-AUTH-006").at(
            "personal_number", gettext("Type your 12-digit personal number")
        )
    if not secret:
        return notice("DD-AUTH-006").at("password", gettext("Type your password"))
    return None


def _prove(step: Step, typed: str, secret: str) -> tuple[ProvenPassword | None, int]:
    """Return whose password it is, and how long to wait if it may not be tried."""
    provider = step.visit.provider
    try:
        number = identifiers.parse_personal_number(
            typed, sandbox=provider.config.sandbox.enabled, now=step.visit.now
        )
    except InvalidPersonalNumberError:
        number = _NOBODY
    with provider.database.read() as connection:
        account_id = identifiers.find_account_id(connection, provider.sealer, number)
    return proofs.attempt(
        step,
        "password",
        lambda: password.prove(
            provider.database,
            provider.sealer,
            provider.passwords,
            provider.audit,
            number=number,
            password=secret,
            now=step.visit.now,
        ),
        subject=identifiers.number_index(provider.sealer, number or typed).hex(),
        account_id=account_id or UUID(int=0),
    )


def _device(step: Step) -> str:
    """Return the page for signing in with another device, where that may be enough."""
    if not ways.device_fits(step.transaction, None):
        return ""
    return url_for("device.show", transaction=step.transaction.id)


def _remember_choice(step: Step, account_id: UUID) -> None:
    step.save(replace(step.transaction, chosen_account=account_id))


def _page(
    step: Step,
    number: str = "",
    problem: Problem | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    wait: int = 0,
) -> ResponseReturnValue:
    asked = step.transaction.request
    body = render_template(
        "login.html",
        action=request.path,
        token=step.visit.token(step.purpose("login")),
        party=step.asker,
        reason=step.transaction.step,
        wishes=scopes.sentence(asked.scopes) if asked else "",
        number=number or people.hinted_number(step),
        chip=url_for("chip.show", transaction=step.transaction.id),
        device=_device(step),
        cancel=step.back,
        passkey=passkey.form(step),
        problem=problem,
    )
    headers = {"Retry-After": str(wait)} if wait else {}
    return body, status, headers
