"""The passkey page, and the options that its script asks for.

Before anything is proven the page works for everyone alike: it names no passkey, and
whatever is wrong with an answer reads the same. After a first proof it asks for one of
the account's own.
"""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp import metrics
from idp.authentication import steps
from idp.authentication.session import SignedIn
from idp.factors import passkey, passkey_options, passkey_store
from idp.factors.passkey_answers import PasskeyRefusedError, Seen
from idp.factors.passkey_store import KINDS, KnownPasskey
from idp.factors.results import VerifiedFactor
from idp.web import proofs, visit, ways
from idp.web.problem import Problem, notice
from idp.web.visit import Step

blueprint = Blueprint("passkey", __name__)

FORM = "passkey"
_FIRST, _FURTHER = "first", "further"
_ADDS = (steps.FACTOR_MISSING, steps.ASSURANCE_TOO_LOW)


@blueprint.get("/passkey/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Ask for a passkey: any before a first proof, one of the account's after it."""
    step = visit.enter(transaction)
    member = _adding(step)
    if member is not None and not member.account.factors.intersection(KINDS):
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(step, member)


@blueprint.post("/passkey/<transaction>/options")
def options(transaction: str) -> ResponseReturnValue:
    """Return what the script hands to the browser, with a challenge of its own."""
    step = visit.enter(transaction)
    asked = step.visit.check(step.purpose(FORM), "proof")["proof"]
    provider, member = step.visit.provider, step.visit.signed_in()
    if asked == _FURTHER and member is not None:
        with provider.database.read() as connection:
            known = passkey_store.list_for(connection, member.account.id)
        text = passkey_options.further_options(
            provider.ephemeral,
            provider.passkeys,
            known,
            binding=_binding(step),
            now=step.visit.now,
        )
    else:
        text = passkey_options.sign_in_options(
            provider.ephemeral,
            provider.passkeys,
            binding=_binding(step),
            now=step.visit.now,
        )
    return Response(text, mimetype="application/json")


@blueprint.post("/passkey/<transaction>")
def submit(transaction: str) -> ResponseReturnValue:
    """Check the passkey's answer, and sign in or go on."""
    step = visit.enter(transaction)
    fields = step.visit.check(step.purpose(FORM), "credential", "proof")
    is_further = fields["proof"] == _FURTHER
    member = step.visit.signed_in() if is_further else None
    if is_further and member is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    if not fields["credential"]:  # its browser runs no scripts
        return _page(step, member)
    try:
        if member is not None:
            with metrics.proof("passkey"):
                factor = _prove_further(step, member, fields["credential"])
            metrics.PROOFS.labels("passkey", "proven").inc()
            return proofs.complete(step, factor)
        with metrics.proof("passkey"):
            proven = _prove_first(step, fields["credential"])
    except PasskeyRefusedError as error:
        metrics.PROOFS.labels("passkey", "wrong").inc()
        problem = notice(error.code, detail=error.detail)
        return _page(step, member, problem)
    metrics.PROOFS.labels("passkey", "proven").inc()
    return proofs.begin(step, proven.account_id, proven.factor)


def _prove_first(step: Step, answer: str) -> passkey.ProvenPasskey:
    provider = step.visit.provider
    with provider.database.read() as connection:
        found = passkey.check_first(
            connection,
            provider.ephemeral,
            provider.passkeys,
            answer=answer,
            binding=_binding(step),
            now=step.visit.now,
        )
    return _use(step, *found)


def _prove_further(step: Step, member: SignedIn, answer: str) -> VerifiedFactor:
    provider = step.visit.provider
    with provider.database.read() as connection:
        found = passkey.check_further(
            connection,
            provider.ephemeral,
            provider.passkeys,
            account_id=member.account.id,
            answer=answer,
            binding=_binding(step),
            now=step.visit.now,
        )
    return _use(step, *found).factor


def _use(step: Step, known: KnownPasskey, seen: Seen) -> passkey.ProvenPasskey:
    provider = step.visit.provider
    with provider.database.transaction() as database:
        proven = passkey.use(
            database, provider.audit, provider.passkeys, known, seen, now=step.visit.now
        )
    if proven is None:
        raise PasskeyRefusedError("counter_went_back")
    return proven


def _adding(step: Step) -> SignedIn | None:
    """Return who is signed in, if only a further proof is asked of them."""
    signed_in = step.visit.signed_in()
    if signed_in is None or ways.unmet(step, signed_in) not in _ADDS:
        return None
    return signed_in


def _binding(step: Step) -> str:
    """Bind a challenge to this transaction, which is of this browser alone."""
    return f"{step.transaction.id}:{step.transaction.browser}"


def form(step: Step, *, is_further: bool = False) -> dict[str, str]:
    """Return what the form and its script need, here and on the sign-in page."""
    transaction = step.transaction.id
    return {
        "action": url_for("passkey.submit", transaction=transaction),
        "options": url_for("passkey.options", transaction=transaction),
        "token": step.visit.token(step.purpose(FORM)),
        "proof": _FURTHER if is_further else _FIRST,
    }


def _page(
    step: Step, member: SignedIn | None, problem: Problem | None = None
) -> ResponseReturnValue:
    others = url_for("login.show", transaction=step.transaction.id)
    body = render_template(
        "passkey.html",
        passkey=form(step, is_further=member is not None),
        is_further=member is not None,
        step_up=step.transaction.step == steps.ASSURANCE_TOO_LOW.reason,
        others=ways.others(step) if member else others,
        party=step.asker,
        cancel=step.back,
        problem=problem,
    )
    return body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
